internal import HOCON

/// Durations in fleet files: as everywhere in EMQX, and microseconds.
enum FleetTime {
    static let second: Int64 = 1_000_000_000
    /// Of what comes again and again: a millisecond.
    static let shortest: Int64 = 1_000_000
    /// A year: longer than any traffic that is worth making.
    static let longest: Int64 = 366 * 86_400 * second

    static func read(_ value: HOCONValue) -> Int64? {
        if case .string(let text) = value, text.hasSuffix("us") {
            guard let count = Double(text.dropLast(2)), count >= 0, count < 1e12 else { return nil }
            return Int64((count * 1_000).rounded())
        }
        let alone = HOCONValue.object(HOCONObject([("time", value)]))
        guard let milliseconds = try? alone.duration(at: "time"), milliseconds >= 0 else {
            return nil
        }
        let (time, overflow) = milliseconds.multipliedReportingOverflow(by: 1_000_000)
        return overflow ? nil : time
    }

    /// In the largest unit of which it is a whole number.
    static func text(_ time: Int64) -> String {
        let units: [(String, Int64)] = [
            ("d", 86_400 * second), ("h", 3_600 * second), ("m", 60 * second), ("s", second),
            ("ms", 1_000_000), ("us", 1_000),
        ]
        guard time > 0, let unit = units.first(where: { time % $0.1 == 0 }) else { return "0s" }
        return "\(time / unit.1)\(unit.0)"
    }
}
