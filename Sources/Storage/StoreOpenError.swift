/// A store's directory cannot be opened. One sentence: what, where, and what to do.
package struct StoreOpenError: Error, CustomStringConvertible {
    package enum Problem: Sendable {
        /// The disk, the permissions or the system.
        case environment
        /// Another process has it open.
        case inUse
        /// Something else wrote it.
        case foreign
        /// Files are missing or are not what was written.
        case damaged
    }

    /// The directory or the file that it is about.
    package let path: String
    package let problem: Problem
    package let reason: String

    init(path: String, problem: Problem = .environment, reason: String) {
        self.path = path
        self.problem = problem
        self.reason = reason
    }

    /// RocksDB's refusal to open shard `number` at `path`.
    init(shard number: Int, at path: String, _ error: RocksError) {
        self.path = path
        // RocksDB's texts may have lines; and a table that is missing it looks for under the name of old
        // versions as well, and names that.
        let said = error.description.split(whereSeparator: \.isNewline).joined(separator: " ")
            .replacing(".ldb", with: ".sst")
        if error.code == RocksError.ioError, said.contains("/LOCK") {
            problem = .inUse
            reason =
                "shard \(number) is in use: another process, or another part of this one, has its lock; "
                + "stop it or name another directory (\(said))"
        } else if error.isDamage || said.contains("No such file") {
            problem = .damaged
            reason =
                "shard \(number) is damaged: a file is missing or is not as it was written; put it back "
                + "from a backup, or start again in an empty directory (\(said))"
        } else {
            problem = .environment
            reason = "shard \(number) cannot be opened (\(said))"
        }
    }

    package var description: String { "\(path): \(reason)" }
}

extension RocksError {
    /// `rocksdb::Status::kIOError`.
    static let ioError: Int32 = 5

    /// `rocksdb::Status::kCorruption`, or `kNotFound` where something has to be.
    package var isDamage: Bool { code == 2 || code == 1 }
}
