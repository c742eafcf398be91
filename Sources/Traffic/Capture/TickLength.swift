/// How long a tick of an interface's clock is: `if_tsresol` of pcapng.
struct TickLength {
    /// Ticks per second.
    private let rate: UInt64
    /// Nanoseconds per tick where that is a whole number, else 0.
    private let whole: UInt64

    private static let second: UInt64 = 1_000_000_000

    static let microsecond = TickLength(resolution: 6)

    /// - Parameter resolution: a negative power of ten, or of two if the highest bit is set. Powers that
    ///   64 bits cannot hold are taken as the largest that they can.
    init(resolution: UInt8) {
        let power = Int(resolution & 0x7F)
        if resolution & 0x80 != 0 {
            rate = 1 << UInt64(min(power, 63))
        } else {
            rate = (0..<min(power, 19)).reduce(1) { rate, _ in rate * 10 }
        }
        whole = Self.second % rate == 0 ? Self.second / rate : 0
    }

    /// Nanoseconds since the epoch of a number of ticks, where the clock is ahead by `offset` seconds.
    func time(_ ticks: UInt64, offset: Int64) -> Int64 {
        // The usual case, without a division.
        if offset == 0, whole != 0 {
            let (time, overflows) = ticks.multipliedReportingOverflow(by: whole)
            return clampedTime(overflows ? .max : time)
        }
        let (seconds, rest) = ticks.quotientAndRemainder(dividingBy: rate)
        let fraction = rate.dividingFullWidth(rest.multipliedFullWidth(by: Self.second)).quotient
        guard seconds < 1 << 32, offset.magnitude < 1 << 32 else { return clampedTime(.max) }
        let nanoseconds = (Int64(seconds) + offset) * Int64(Self.second) + Int64(fraction)
        return clampedTime(UInt64(max(0, nanoseconds)))
    }
}
