internal import Glibc

/// A span of time in nanoseconds; the form used where a `Duration` would cost 128-bit arithmetic per
/// message. Signed: a difference may be negative.
package struct Nanoseconds: Hashable, Comparable, Codable, Sendable {
    package var count: Int64

    package init(_ count: Int64) { self.count = count }
    package static let zero = Nanoseconds(0)
    package static func seconds(_ n: Double) -> Nanoseconds { Nanoseconds(Int64(n * 1e9)) }
    package static func milliseconds(_ n: Int64) -> Nanoseconds { Nanoseconds(n * 1_000_000) }
    package static func microseconds(_ n: Int64) -> Nanoseconds { Nanoseconds(n * 1_000) }
    package var seconds: Double { Double(count) * 1e-9 }

    package static func < (a: Nanoseconds, b: Nanoseconds) -> Bool { a.count < b.count }
    package static func + (a: Nanoseconds, b: Nanoseconds) -> Nanoseconds {
        Nanoseconds(a.count + b.count)
    }
    package static func - (a: Nanoseconds, b: Nanoseconds) -> Nanoseconds {
        Nanoseconds(a.count - b.count)
    }
    /// Time compression: the span as it is felt when the clock runs `speed` times as fast.
    package static func / (a: Nanoseconds, speed: Double) -> Nanoseconds {
        precondition(speed > 0)
        return Nanoseconds(Int64(Double(a.count) / speed))
    }
}

/// A moment on this machine's monotonic clock (`CLOCK_MONOTONIC`). Every timestamp of a trial is one
/// of these, from the planned send to RocksDB's events, so that they can be subtracted.
package struct MonotonicTime: Hashable, Comparable, Codable, Sendable {
    package let nanoseconds: Int64

    package init(nanoseconds: Int64) { self.nanoseconds = nanoseconds }

    package static func now() -> MonotonicTime {
        var time = timespec()
        clock_gettime(CLOCK_MONOTONIC, &time)
        return MonotonicTime(nanoseconds: Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec))
    }

    package static func < (a: MonotonicTime, b: MonotonicTime) -> Bool {
        a.nanoseconds < b.nanoseconds
    }
    package static func + (a: MonotonicTime, b: Nanoseconds) -> MonotonicTime {
        MonotonicTime(nanoseconds: a.nanoseconds + b.count)
    }
    package static func - (a: MonotonicTime, b: MonotonicTime) -> Nanoseconds {
        Nanoseconds(a.nanoseconds - b.nanoseconds)
    }
}

/// Milliseconds since the epoch: what a broker writes into a message. Only data, never a measurement.
package func wallClockMilliseconds() -> UInt64 {
    var time = timespec()
    clock_gettime(CLOCK_REALTIME, &time)
    return UInt64(time.tv_sec) * 1_000 + UInt64(time.tv_nsec) / 1_000_000
}
