/// At most so many events in any one second, wherever the second begins: the next one may come when the one that
/// many before it is a second old. Bursts below that are left as they are.
struct RateWindow {
    /// The last events, nanoseconds; the oldest is overwritten next.
    private var times: [Int64]
    private var next = 0

    init(perSecond count: Int) {
        precondition(count > 0)
        // So long ago that it holds nothing back.
        times = Array(repeating: .min / 2, count: count)
    }

    /// The earliest time from `time` on at which another event may be.
    func earliest(from time: Int64) -> Int64 { max(time, times[next] + 1_000_000_000) }

    mutating func add(_ time: Int64) {
        times[next] = time
        next = next + 1 == times.count ? 0 : next + 1
    }
}
