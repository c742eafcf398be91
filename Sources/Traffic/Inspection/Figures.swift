/// How figures are written for people.

/// With one decimal.
func tenths(_ value: Double) -> String {
    guard value.isFinite, value.magnitude < 1e15 else { return "-" }
    let tenths = Int((value.magnitude * 10).rounded())
    return (value < 0 && tenths > 0 ? "-" : "") + "\(tenths / 10).\(tenths % 10)"
}

/// Three significant digits or whole.
func figure(_ value: Double) -> String {
    guard value.isFinite, value.magnitude < 1e15 else { return "-" }
    switch value.magnitude {
    case ..<0.1 where value != 0:
        let thousandths = Int((value.magnitude * 1_000).rounded())
        guard thousandths > 0 else { return "<0.001" }
        let digits = String(thousandths)
        return "0." + String(repeating: "0", count: 3 - digits.count) + digits
    case ..<100: return tenths(value)
    default: return "\(Int(value.rounded()))"
    }
}

/// A size in bytes, in steps of 1024.
func size(_ bytes: Double) -> String {
    let units = [
        ("TiB", 1_099_511_627_776.0), ("GiB", 1_073_741_824), ("MiB", 1_048_576), ("KiB", 1_024),
    ]
    for (unit, factor) in units where bytes >= factor { return "\(tenths(bytes / factor)) \(unit)" }
    return "\(Int(max(0, min(bytes, 1_024)).rounded())) B"
}

func percent(_ share: Double) -> String { "\(tenths(share * 100)) %" }

/// A span of time.
func duration(_ seconds: Double) -> String {
    guard seconds.isFinite, seconds < 1e12 else { return "never" }
    switch seconds {
    case ..<120: return "\(tenths(seconds)) s"
    case ..<7_200: return "\(Int((seconds / 60).rounded())) min"
    case ..<172_800: return "\(tenths(seconds / 3_600)) h"
    default: return "\(tenths(seconds / 86_400)) days"
    }
}
