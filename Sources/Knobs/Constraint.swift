/// An order between two knobs that RocksDB enforces by raising the second.
package struct Constraint: Sendable {
    /// Knob ids: the value of `upper` is never below that of `lower`.
    package let lower: String
    package let upper: String
    /// What happens otherwise, for a warning.
    package let sentence: String

    package func isKept(by setting: Setting) -> Bool { setting[upper] >= setting[lower] }

    /// RocksDB's SanitizeOptions (db/column_family.cc, 7.7) mends these two in this order.
    package static let catalogue: [Constraint] = [
        Constraint(
            lower: "level0_file_num_compaction_trigger", upper: "level0_slowdown_writes_trigger",
            sentence: "RocksDB raises level0_slowdown_writes_trigger to the compaction trigger, "
                + "because writes would be slowed down before compaction starts"),
        Constraint(
            lower: "level0_slowdown_writes_trigger", upper: "level0_stop_writes_trigger",
            sentence: "RocksDB raises level0_stop_writes_trigger to the slowdown trigger, "
                + "because writes would be stopped before they are slowed down"),
    ]
}

extension Setting {
    /// The constraints that this setting breaks.
    package var violations: [Constraint] { Constraint.catalogue.filter { !$0.isKept(by: self) } }

    /// What RocksDB makes of it. Settings with the same effective values are one configuration.
    package var effective: Setting {
        var setting = self
        for constraint in Constraint.catalogue where !constraint.isKept(by: setting) {
            setting[constraint.upper] = setting[constraint.lower]
        }
        return setting
    }
}
