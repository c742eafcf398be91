package import Measure

/// Where an accepted write stands: its lane decides what was accepted in this order.
package struct Receipt: Sendable, Equatable {
    /// A shard's number, or `DurableStore.sessionLane`, or `retainedLane`.
    package let lane: Int
    /// Counts from 1 in each lane, without gaps.
    package let position: Int

    package init(lane: Int, position: Int) {
        self.lane = lane
        self.position = position
    }
}

/// Why writes were lost.
package enum Refusal: Sendable, Equatable {
    /// The disk, or its quota, is full.
    case noSpace
    case other
}

/// News of a lane: everything after its last settlement and up to `through` is decided.
///
/// Committed means what the store's durability says: written to the log, and synced if every commit is.
package struct Settlement: Sendable, Equatable {
    package let lane: Int
    package private(set) var through: Int
    /// Nil if all of it was committed; else all of it was lost.
    package let refusal: Refusal?
    /// When the write was that committed it; nil where nobody measures that.
    package let commit: CommitTime?

    package init(lane: Int, through: Int, refusal: Refusal? = nil, commit: CommitTime? = nil) {
        self.lane = lane
        self.through = through
        self.refusal = refusal
        self.commit = commit
    }

    /// - Returns: false if the outcomes differ, or their times are to be told apart.
    mutating func extend(through: Int, refusal: Refusal?, commit: CommitTime?) -> Bool {
        guard self.refusal == refusal, self.commit == nil, commit == nil else { return false }
        self.through = through
        return true
    }
}
