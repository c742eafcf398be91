internal import Glibc
internal import Measure

/// How often commits wake a reader. While they come one after the other, it is woken for some of them together: what it
/// costs to be woken is more than it costs to read a message.
struct WakePace {
    private var last = MonotonicTime(nanoseconds: 0)

    /// From one wake to the next: a reader that is woken so often takes a tenth of a core for that alone, at the 20 µs
    /// that a sleep and a wake take on a virtual machine.
    static let interval = Nanoseconds.microseconds(250)

    /// It was woken: sleeps on until it is time.
    mutating func woken() {
        let now = MonotonicTime.now()
        let next = last + Self.interval
        last = max(now, next)
        if now < next { usleep(useconds_t((next - now).count / 1_000)) }
    }
}
