package import Measure

/// What the databases of a study's trials hold before its traffic begins.
package enum StartState: Codable, Equatable, Sendable {
    /// Nothing: every trial creates its shards.
    case empty
    /// A database that was written once and is cloned for each trial.
    case aged(Ageing)

    /// The path that a trial with `shards` shards clones from; nil to begin with nothing. Databases with
    /// different numbers of shards hash publishers differently, so each number has a state of its own.
    package func path(shards: Int, in directory: StudyDirectory) -> String? {
        guard case .aged = self else { return nil }
        return directory.start(shards: shards)
    }
}

/// How much an aged database holds. EMQX deletes nothing: a generation collects messages for about two
/// retention periods (reference 4.4) and is dropped as a whole, so age means one generation filled to a share.
package struct Ageing: Codable, Equatable, Sendable {
    package enum Limit: String, Codable, Sendable {
        /// None: it is what the traffic writes.
        case retention
        /// A share of the free space.
        case disk
        /// A size that was asked for.
        case request
    }

    /// Messages of all shards together, at the study's scale.
    package var messages: Int
    /// Their timestamps are spread over so long before the database was built.
    package var span: Nanoseconds
    /// Of what the traffic writes in a generation's two periods, full scale: 0.5 is one period.
    package var fill: Double
    package var limit: Limit

    /// EMQX's default message_retention_period.
    package static let retention = Nanoseconds.seconds(86_400)
    /// Where within a generation's life a study stands, if nothing limits it.
    package static let standardFill = 0.5
    /// What the aged database may take of the space that is free when the study begins: it and the
    /// compactions of one clone fit beside each other, and as much again is left.
    package static let diskShare = 0.2

    package init(messages: Int, span: Nanoseconds, fill: Double, limit: Limit) {
        self.messages = messages
        self.span = span
        self.fill = fill
        self.limit = limit
    }

    /// As much as the traffic writes in one retention period, at the study's scale, unless that is too much.
    /// - Parameters:
    ///   - rate: stored messages per second as recorded.
    ///   - each: bytes of a message with its index rows.
    ///   - miniature: the start state shrinks like every size.
    ///   - free: bytes free on the study's disk.
    ///   - asked: bytes that were asked for.
    package init(
        rate: Double, each: Double, miniature: UInt64, free: UInt64, asked: UInt64? = nil
    ) {
        let period = rate * 2 * Self.retention.seconds / Double(max(1, miniature))
        var wanted = period * Self.standardFill
        limit = .retention
        if let asked {
            wanted = Double(asked) / max(1, each)
            limit = .request
        }
        let room = Double(free) * Self.diskShare / max(1, each)
        if wanted > room {
            wanted = room
            limit = .disk
        }
        messages = max(1, Int(wanted))
        fill = Double(messages) / max(1, period)
        // Denser than production if it was asked for more than a generation holds, never older.
        span = Nanoseconds.seconds(2 * Self.retention.seconds * min(1, fill))
    }
}

/// A start state that was built, for people and for the report.
package struct StartRecord: Codable, Equatable, Sendable {
    package var shards: Int
    package var messages: Int
    /// Of each shard's tables.
    package var bytes: [UInt64]
    /// Files of the shards' messages by level, all shards together.
    package var files: [Int]
    /// SHA-256 over all its files.
    package var digest: String
    package var seconds: Double

    package init(
        shards: Int, messages: Int, bytes: [UInt64], files: [Int], digest: String, seconds: Double
    ) {
        self.shards = shards
        self.messages = messages
        self.bytes = bytes
        self.files = files
        self.digest = digest
        self.seconds = seconds
    }
}
