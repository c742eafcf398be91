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

        /// As it is typed and recorded: `none`, `per_commit`, or `interval:` and milliseconds.
        package init?(_ text: String) {
            switch text {
            case "none": self = .none
            case "per_commit": self = .perCommit
            default:
                guard text.hasPrefix("interval:"), let count = Int64(text.dropFirst(9)),
                    (1...Self.longest).contains(count)
                else { return nil }
                self = .interval(.milliseconds(count))
            }
        }

        /// As it is typed.
        package var text: String {
            switch self {
            case .none: "none"
            case .perCommit: "per_commit"
            case .interval(let interval): "interval:\(interval.count / 1_000_000)"
            }
        }

        /// Milliseconds: a day between two syncs is as good as none.
        private static let longest: Int64 = 86_400_000
    }

    package var acknowledgement: Acknowledgement
    package var sync: Sync

    package init(acknowledgement: Acknowledgement, sync: Sync) {
        self.acknowledgement = acknowledgement
        self.sync = sync
    }

    /// The row of the table of promises that results are compared within. When the log is synced changes
    /// nothing for a message that was acknowledged before it was written.
    package var id: String {
        switch (acknowledgement, sync) {
        case (.onEnqueue, _): "on_enqueue"
        case (.onCommit, .none): "on_commit, sync none"
        case (.onCommit, .interval): "on_commit, sync interval"
        case (.onCommit, .perCommit): "on_commit, sync per_commit"
        }
    }

    /// What is there of an acknowledged message after the process was killed and after power was lost, in
    /// the words of the report.
    package struct Promise: Sendable, Equatable {
        package let survivesKill: String
        package let survivesPowerLoss: String
    }

    package var promise: Promise {
        Promise(
            survivesKill: survivesKill
                ? "yes" : "no: up to a flush interval and the queue behind it is gone",
            survivesPowerLoss: afterPowerLoss)
    }

    private var afterPowerLoss: String {
        switch (acknowledgement, sync) {
        case (.onEnqueue, _): "no"
        case (.onCommit, .none): "no: what the page cache held is gone"
        case (.onCommit, .interval): "all but the last interval"
        case (.onCommit, .perCommit): "yes, if the device's sync is honest"
        }
    }

    /// Whether a message that was acknowledged is there after the process was killed.
    package var survivesKill: Bool { acknowledgement == .onCommit }

    /// Whether a message that was acknowledged is there after power was lost, on a device whose fsync is
    /// honest.
    package var survivesPowerLoss: Bool { acknowledgement == .onCommit && sync == .perCommit }
}
