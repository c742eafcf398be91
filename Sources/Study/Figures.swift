internal import Foundation
package import Measure

/// Numbers as people read them: with their unit, and with as many digits as they are worth.
package enum Figures {
    package static func text(_ value: Double, _ unit: Metric.Unit) -> String {
        switch unit {
        case .seconds: seconds(value)
        case .bytes: "\(Bytes(UInt64(max(0, value))))"
        case .count: value == value.rounded() ? grouped(value) : significant(value)
        case .ratio: significant(value)
        case .perSecond: (value < 100 ? significant(value) : grouped(value)) + " /s"
        }
    }

    /// `1.23 s`, `12.3 ms`, `123 µs`.
    package static func seconds(_ value: Double) -> String {
        switch abs(value) {
        case 0: "0 s"
        case ..<0.000_999_5: significant(value * 1e6) + " µs"
        case ..<0.999_5: significant(value * 1e3) + " ms"
        default: significant(value) + " s"
        }
    }

    /// Of a ratio, as a change: `−12.3 %`, `+4.0 %`, `±0.0 %`.
    package static func change(ofRatio ratio: Double) -> String {
        let text = String(format: "%.1f", abs(ratio - 1) * 100)
        return (text == "0.0" ? "±" : ratio < 1 ? "−" : "+") + text + " %"
    }

    /// Three digits that count: `1.23`, `12.3`, `1,234`.
    package static func significant(_ value: Double) -> String {
        switch abs(value) {
        case 0: "0"
        case ..<0.999_5e-2: String(format: "%.2g", value)
        case ..<9.995: String(format: "%.2f", value)
        case ..<99.95: String(format: "%.1f", value)
        default: grouped(value)
        }
    }

    /// What people chose, as they would write it: `40`, `2.5`.
    package static func brief(_ value: Double) -> String { String(format: "%g", value) }

    /// Whole, with commas between thousands.
    package static func grouped(_ value: Double) -> String {
        let digits = String(format: "%.0f", abs(value))
        var text = ""
        for (index, digit) in digits.enumerated() {
            if index > 0, (digits.count - index).isMultiple(of: 3) { text += "," }
            text.append(digit)
        }
        return (value < 0 && digits != "0" ? "−" : "") + text
    }
}
