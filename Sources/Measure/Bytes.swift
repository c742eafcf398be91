/// A size in bytes. Counts, indexes and sizes are different types on purpose: adding a count to a
/// size is the off-by-one we never want to meet in a report.
package struct Bytes: Hashable, Comparable, Codable, Sendable {
    package var count: UInt64

    package init(_ count: UInt64) { self.count = count }
    package static func kib(_ n: UInt64) -> Bytes { Bytes(n << 10) }
    package static func mib(_ n: UInt64) -> Bytes { Bytes(n << 20) }
    package static func gib(_ n: UInt64) -> Bytes { Bytes(n << 30) }
    package static let zero = Bytes(0)

    package static func < (a: Bytes, b: Bytes) -> Bool { a.count < b.count }
    package static func + (a: Bytes, b: Bytes) -> Bytes { Bytes(a.count + b.count) }
    package static func += (a: inout Bytes, b: Bytes) { a.count += b.count }

    package init(from decoder: any Decoder) throws {
        count = try decoder.singleValueContainer().decode(UInt64.self)
    }

    package func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(count)
    }
}

extension Bytes: CustomStringConvertible {
    /// For people: 1024-based units, whole where the size is a whole number of them, else one decimal.
    package var description: String {
        for (unit, shift) in [("GiB", 30), ("MiB", 20), ("KiB", 10)] as [(String, UInt64)] {
            let whole = UInt64(1) << shift
            guard count >= whole else { continue }
            if count % whole == 0 { return "\(count >> shift) \(unit)" }
            let tenths = (count * 10 + whole / 2) >> shift
            return "\(tenths / 10).\(tenths % 10) \(unit)"
        }
        return "\(count) B"
    }
}
