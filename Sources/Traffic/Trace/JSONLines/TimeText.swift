/// Times as lines of JSON hold them: nanoseconds since 1970 as ISO 8601 in UTC, and back, without rounding.
enum TimeText {
    private static let second: Int64 = 1_000_000_000
    private static let day: Int64 = 86_400

    /// "2026-01-02T03:04:05.123456789Z".
    static func iso(_ time: Int64) -> String {
        let seconds = floored(time, second)
        let days = floored(seconds.quotient, day)
        let (year, month, date) = civil(days.quotient)
        let clock = days.remainder
        func two(_ value: Int64) -> String { padded(value, 2) }
        return "\(padded(year, 4))-\(two(month))-\(two(date))T"
            + "\(two(clock / 3_600)):\(two(clock / 60 % 60)):\(two(clock % 60))"
            + ".\(padded(seconds.remainder, 9))Z"
    }

    /// Reads ISO 8601; without a zone it is UTC.
    /// - Returns: nil if it is not that.
    static func parse(iso text: String) -> Int64? {
        var rest = Substring(text)
        guard let year = digits(4, &rest), skip("-", &rest), let month = digits(2, &rest),
            skip("-", &rest), let date = digits(2, &rest), skip("Tt ", &rest),
            let hour = digits(2, &rest), skip(":", &rest), let minute = digits(2, &rest),
            // What is kept as nanoseconds, see `latestTime`.
            1970...2096 ~= year, 1...12 ~= month, 1...31 ~= date, hour < 24, minute < 60
        else { return nil }
        var (seconds, fraction): (Int64, Int64) = (0, 0)
        if skip(":", &rest) {
            // A leap second is the first of the next minute.
            guard let value = digits(2, &rest), value <= 60 else { return nil }
            seconds = value
            if skip(".,", &rest) {
                let figures = rest.prefix { $0.isASCII && $0.isNumber }
                rest = rest.dropFirst(figures.count)
                guard let value = nanoseconds(of: figures) else { return nil }
                fraction = value
            }
        }
        guard let zone = zone(rest) else { return nil }
        let clock = hour * 3_600 + minute * 60 + seconds - zone
        return (days(year, month, date) * day + clock) * second + fraction
    }

    /// Reads a number since 1970: seconds or, if it is too large for that, milli-, micro- or nanoseconds.
    /// - Returns: nil if it is not a number in its plain form.
    static func parse(number text: String) -> Int64? {
        let parts = text.split(separator: ".", omittingEmptySubsequences: false)
        guard parts.count <= 2, let whole = Int64(parts[0]), whole >= 0 else { return nil }
        let fraction = parts.count == 2 ? nanoseconds(of: parts[1]) : 0
        guard let fraction else { return nil }
        // Until the year 5138 seconds have at most eleven digits.
        var (value, scale) = (whole, second)
        for _ in 0..<3 where value >= 100_000_000_000 {
            value /= 1_000
            scale /= 1_000
        }
        let time = whole.multipliedReportingOverflow(by: scale)
        return time.overflow ? nil : time.partialValue + fraction / (second / scale)
    }

    /// The figures behind a point; what is finer than a nanosecond is left out.
    private static func nanoseconds(of figures: Substring) -> Int64? {
        guard !figures.isEmpty, figures.allSatisfy({ $0.isASCII && $0.isNumber }) else {
            return nil
        }
        return Int64((figures + "000000000").prefix(9))
    }

    private static func zone(_ text: Substring) -> Int64? {
        if text.isEmpty || text == "Z" || text == "z" { return 0 }
        var rest = text.dropFirst()
        guard let sign = text.first, sign == "+" || sign == "-", let hours = digits(2, &rest),
            hours < 24
        else { return nil }
        _ = skip(":", &rest)
        let minutes = rest.isEmpty ? 0 : digits(2, &rest)
        guard let minutes, minutes < 60, rest.isEmpty else { return nil }
        return (hours * 3_600 + minutes * 60) * (sign == "-" ? -1 : 1)
    }

    private static func digits(_ count: Int, _ text: inout Substring) -> Int64? {
        let figures = text.prefix(count)
        guard figures.count == count, figures.allSatisfy({ $0.isASCII && $0.isNumber }) else {
            return nil
        }
        text = text.dropFirst(count)
        return Int64(figures)
    }

    private static func skip(_ characters: String, _ text: inout Substring) -> Bool {
        guard let first = text.first, characters.contains(first) else { return false }
        text = text.dropFirst()
        return true
    }

    private static func padded(_ value: Int64, _ width: Int) -> String {
        let text = String(value)
        return String(repeating: "0", count: max(0, width - text.count)) + text
    }

    private static func floored(_ a: Int64, _ b: Int64) -> (quotient: Int64, remainder: Int64) {
        let remainder = a % b
        return remainder < 0 ? (a / b - 1, remainder + b) : (a / b, remainder)
    }

    /// Days since 1970 of a date of the Gregorian calendar. Years are counted from March, so that the day
    /// that leap years have more is the last; 400 years have 146,097 days.
    private static func days(_ year: Int64, _ month: Int64, _ date: Int64) -> Int64 {
        let marchYear = month > 2 ? year : year - 1
        let era = floored(marchYear, 400)
        let dayOfYear = (153 * ((month + 9) % 12) + 2) / 5 + date - 1
        let dayOfEra =
            era.remainder * 365 + era.remainder / 4 - era.remainder / 100 + dayOfYear
        return era.quotient * 146_097 + dayOfEra - 719_468
    }

    private static func civil(_ days: Int64) -> (year: Int64, month: Int64, date: Int64) {
        let era = floored(days + 719_468, 146_097)
        let day = era.remainder
        let year = (day - day / 1_460 + day / 36_524 - day / 146_096) / 365
        let dayOfYear = day - (365 * year + year / 4 - year / 100)
        let month = (5 * dayOfYear + 2) / 153
        let date = dayOfYear - (153 * month + 2) / 5 + 1
        return (
            year + era.quotient * 400 + (month < 10 ? 0 : 1), month < 10 ? month + 3 : month - 9,
            date
        )
    }
}
