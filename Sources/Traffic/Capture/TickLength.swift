/// How long a tick of an interface's clock is: `if_tsresol` of pcapng.
struct TickLength {
    /// Ticks per second.
    private let rate: UInt64

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
    }

    /// Nanoseconds since the epoch of a number of ticks, where the clock is ahead by `offset` seconds.
    func time(_ ticks: UInt64, offset: Int64) -> Int64 {
        let (seconds, rest) = ticks.quotientAndRemainder(dividingBy: rate)
        let fraction = rate.dividingFullWidth(rest.multipliedFullWidth(by: 1_000_000_000)).quotient
        guard seconds < 1 << 32, offset.magnitude < 1 << 32 else { return clampedTime(.max) }
        let nanoseconds = (Int64(seconds) + offset) * 1_000_000_000 + Int64(fraction)
        return clampedTime(UInt64(max(0, nanoseconds)))
    }
}
