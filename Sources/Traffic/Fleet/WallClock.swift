/// Moments in UTC, in nanoseconds since the epoch, as text of ISO 8601 and back.
package enum WallClock {
    private static let second: Int64 = 1_000_000_000
    private static let day: Int64 = 86_400

    /// "2026-04-21T02:14:09Z", or with milliseconds "2026-04-21T02:14:09.250Z".
    package static func text(_ time: Int64, milliseconds: Bool = false) -> String {
        var bytes: [UInt8] = []
        write(time, milliseconds: milliseconds, to: &bytes)
        return String(decoding: bytes, as: UTF8.self)
    }

    static func write(_ time: Int64, milliseconds: Bool, to bytes: inout [UInt8]) {
        let seconds = floor(time, second)
        let days = floor(seconds, day)
        let (year, month, dayOfMonth) = date(days)
        let clock = seconds - days * day
        for (value, width, before) in [
            (year, 4, nil), (month, 2, "-"), (dayOfMonth, 2, "-"), (clock / 3_600, 2, "T"),
            (clock / 60 % 60, 2, ":"), (clock % 60, 2, ":"),
        ] as [(Int64, Int, Character?)] {
            if let mark = before?.asciiValue { bytes.append(mark) }
            bytes.append(decimal: value, width: width)
        }
        if milliseconds {
            bytes.append(UInt8(ascii: "."))
            bytes.append(decimal: (time - seconds * second) / 1_000_000, width: 3)
        }
        bytes.append(UInt8(ascii: "Z"))
    }

    /// - Returns: nil for anything but "YYYY-MM-DDTHH:MM:SSZ" of the years 1970 to 2200.
    package static func parse(_ text: String) -> Int64? {
        let bytes = Array(text.utf8)
        let shape = Array("0000-00-00T00:00:00Z".utf8)
        guard bytes.count == shape.count else { return nil }
        for (byte, wanted) in zip(bytes, shape) {
            let fits = wanted == UInt8(ascii: "0") ? 0x30...0x39 ~= byte : byte == wanted
            guard fits else { return nil }
        }
        func number(_ range: Range<Int>) -> Int64 {
            bytes[range].reduce(0) { $0 * 10 + Int64($1 - 0x30) }
        }
        let (year, month, dayOfMonth) = (number(0..<4), number(5..<7), number(8..<10))
        let (hour, minute, seconds) = (number(11..<13), number(14..<16), number(17..<19))
        guard 1970...2200 ~= year, 1...12 ~= month, 1...31 ~= dayOfMonth, hour < 24, minute < 60,
            seconds < 60
        else { return nil }
        let days = Self.days(year, month, dayOfMonth)
        // The 31st of a month that has 30 days is another date.
        guard date(days) == (year, month, dayOfMonth) else { return nil }
        return (days * day + hour * 3_600 + minute * 60 + seconds) * second
    }

    // Days are counted from 1 March, so that the leap day is the last of its year, in eras of 400 years, which
    // all have as many days.
    private static let era: Int64 = 146_097
    private static let epochSinceMarchOfYear0: Int64 = 719_468

    private static func days(_ year: Int64, _ month: Int64, _ day: Int64) -> Int64 {
        let year = month <= 2 ? year - 1 : year
        let ofEra = year % 400
        let ofYear = (153 * ((month + 9) % 12) + 2) / 5 + day - 1
        let days = ofEra * 365 + ofEra / 4 - ofEra / 100 + ofYear
        return year / 400 * era + days - epochSinceMarchOfYear0
    }

    private static func date(_ days: Int64) -> (Int64, Int64, Int64) {
        let shifted = days + epochSinceMarchOfYear0
        let number = floor(shifted, era)
        let ofEra = shifted - number * era
        let yearOfEra = (ofEra - ofEra / 1_460 + ofEra / 36_524 - ofEra / 146_096) / 365
        let ofYear = ofEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let month = (5 * ofYear + 2) / 153
        let year = yearOfEra + number * 400 + (month >= 10 ? 1 : 0)
        return (year, (month + 2) % 12 + 1, ofYear - (153 * month + 2) / 5 + 1)
    }

    private static func floor(_ value: Int64, _ step: Int64) -> Int64 {
        value / step - (value % step < 0 ? 1 : 0)
    }
}

extension [UInt8] {
    /// Digits, with zeros before them up to `width`.
    mutating func append(decimal value: Int64, width: Int = 1) {
        var digits: [20 of UInt8] = .init(repeating: 0)
        var (rest, count) = (value.magnitude, 0)
        repeat {
            digits[count] = UInt8(rest % 10) + UInt8(ascii: "0")
            rest /= 10
            count += 1
        } while rest > 0
        if value < 0 { append(UInt8(ascii: "-")) }
        for _ in 0..<Swift.max(0, width - count) { append(UInt8(ascii: "0")) }
        for place in stride(from: count - 1, through: 0, by: -1) { append(digits[place]) }
    }

    /// Small hexadecimal digits, with zeros before them up to `width`.
    mutating func append(hexadecimal value: UInt64, width: Int = 1) {
        let digits = Swift.max(width, (64 - value.leadingZeroBitCount + 3) / 4)
        for place in stride(from: digits - 1, through: 0, by: -1) {
            let digit = place < 16 ? UInt8(value >> UInt64(4 * place) & 0xF) : 0
            append(digit < 10 ? UInt8(ascii: "0") + digit : UInt8(ascii: "a") + digit - 10)
        }
    }
}
