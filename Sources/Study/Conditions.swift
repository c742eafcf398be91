package import Measure

/// What stands around the setting in every trial of a study, beside the scale: what an acknowledgement
/// promises, the broker's CPU, the disk. Recorded, so that a resumed study asks the same question.
package struct Conditions: Codable, Hashable, Sendable {
    /// "on_enqueue" or "on_commit"; nil: as the engine does.
    package var acknowledgement: String?
    /// "none", "per_commit" or "interval:" and milliseconds; nil: as the engine does.
    package var sync: String?
    /// CPU time burned for each stored message; nil: what the engine declares.
    package var brokerCPU: Nanoseconds?
    /// The disk model that stands between RocksDB and the disk that is there, as its file says; nil: none.
    package var disk: String?

    package init(
        acknowledgement: String? = nil, sync: String? = nil, brokerCPU: Nanoseconds? = nil,
        disk: String? = nil
    ) {
        self.acknowledgement = acknowledgement
        self.sync = sync
        self.brokerCPU = brokerCPU
        self.disk = disk
    }
}
