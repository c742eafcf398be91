internal import Glibc
internal import Measure

/// How often commits wake a reader, or are read for in place. While they come one after the other, some of them are
/// read for together: to be woken, or to visit a stream, costs more than to read a message.
struct WakePace {
    private var last = MonotonicTime(nanoseconds: 0)

    /// From one wake to the next. At 45,000 messages a second it makes of each 22 one visit to 13 shards, and one write
    /// to their subscriber; a message that comes alone waits for nothing.
    static let interval = Nanoseconds.microseconds(500)

    /// It was woken: sleeps on until it is time.
    mutating func woken() {
        let now = MonotonicTime.now()
        let next = last + Self.interval
        last = max(now, next)
        if now < next { usleep(useconds_t((next - now).count / 1_000)) }
    }
}
