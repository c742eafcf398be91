package import Measure

/// What an acknowledgement promises: when a publisher is told that its message was accepted, and what is
/// synced by then. Results are compared only within one row of this table (see README, "What an
/// acknowledgement promises").
package struct Durability: Hashable, Sendable, Codable {
    package enum Acknowledgement: String, Sendable, Codable, CaseIterable {
        /// As soon as the message is in the shard's buffer: what EMQX 5.8 to 6.3 does (reference 3.1).
        case onEnqueue = "on_enqueue"
        /// Once the commit that holds the message is done.
        case onCommit = "on_commit"
    }

    /// When the write-ahead log is synced.
    package enum Sync: Hashable, Sendable, Codable {
        /// Never by us: the kernel writes it back some time.
        case none
        /// With every commit.
        case perCommit
        /// From a thread of its own, so often.
        case interval(Nanoseconds)
    }

    package var acknowledgement: Acknowledgement
    package var sync: Sync

    package init(acknowledgement: Acknowledgement, sync: Sync) {
        self.acknowledgement = acknowledgement
        self.sync = sync
    }

    /// Whether a message that was acknowledged is there after the process was killed.
    package var survivesKill: Bool { acknowledgement == .onCommit }

    /// Whether a message that was acknowledged is there after power was lost, on a device whose fsync is
    /// honest.
    package var survivesPowerLoss: Bool { acknowledgement == .onCommit && sync == .perCommit }
}
