package import HOCON
import Measure

/// One thing that may be turned. Pure data: it knows its names, its range and why it matters.
///
/// Adding one is adding an entry to the catalogue; what it can do on each EMQX version follows
/// from its article path and the dialects.
package struct Knob: Identifiable, Sendable {
    package enum Unit: String, Sendable { case bytes, count, milliseconds }

    /// Where a value acts. RocksDB options carry RocksDB's own name for them.
    package enum Reach: Hashable, Sendable {
        case columnFamily(option: String)
        case database(option: String)
        case shards
        case bufferItems
        case bufferInterval
    }

    /// Key in the study store and on the command line: never renamed.
    package let id: String
    package let title: String
    package let unit: Unit
    /// What EMQX 5.8.9 runs with when nothing is set.
    package let standard: Int64
    /// What a study tries.
    package let range: KnobRange
    /// What a configuration may hold: wider than what is searched.
    package let domain: ClosedRange<Int64>
    package let reach: Reach
    /// A byte size that the miniature scales with the traffic.
    package let shrinks: Bool
    /// The key in the vocabulary of the article, which `emqx-style.conf` is written in.
    package let articlePath: String
    /// One sentence for the report.
    package let effect: String

    /// The value for people: `128 MiB`, `50 ms`, `4`.
    package func text(_ value: Int64) -> String {
        switch unit {
        case .bytes: "\(Bytes(UInt64(max(0, value))))"
        case .milliseconds: "\(value) ms"
        case .count: "\(value)"
        }
    }

    /// The value as a configuration file spells it: `"128MB"`, `"50ms"`, `4`.
    package func spelled(_ value: Int64) -> HOCONValue {
        switch unit {
        case .count: return .integer(value)
        case .milliseconds: return .string("\(value)ms")
        case .bytes:
            // EMQX's bytesize counts in steps of 1024.
            for (name, size) in [("GB", 1 << 30), ("MB", 1 << 20), ("KB", 1 << 10)]
                as [(String, Int64)]
            where value >= size && value % size == 0 {
                return .string("\(value / size)\(name)")
            }
            return .integer(value)
        }
    }

    package static func find(_ id: String) -> Knob? { byID[id] }

    private static let byID = Dictionary(uniqueKeysWithValues: catalogue.map { ($0.id, $0) })
}
