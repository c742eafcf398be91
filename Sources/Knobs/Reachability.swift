/// How far an operator of one version can turn one knob.
package enum Reachability: Hashable, Sendable {
    /// How much it takes to set something.
    package enum Tier: String, Codable, Comparable, Sendable {
        /// A key of the configuration file.
        case r0 = "R0"
        /// A command on the running node, lost at its restart.
        case r1 = "R1"
        /// The stored properties of the database: works, and nobody supports it.
        case r2 = "R2"
        /// Only a rebuilt broker.
        case r3 = "R3"

        package static func < (a: Tier, b: Tier) -> Bool { a.rawValue < b.rawValue }
    }

    case live(path: String, takesEffect: TakesEffect)
    /// The key is live, but read only while the database is created.
    case newDatabaseOnly(path: String)
    case notSettable(Tier, reason: String)

    package var tier: Tier {
        switch self {
        case .live, .newDatabaseOnly: .r0
        case .notSettable(let tier, _): tier
        }
    }
}

extension Dialect {
    package func reach(of knob: Knob) -> Reachability {
        guard let key = key(turning: knob), key.verdict == .live else {
            let reason = verdict(of: knob.articlePath)?.reason ?? "\(title) has no key for it"
            return .notSettable(tierWithoutKey(of: knob), reason: reason + wayWithoutKey(for: knob))
        }
        if let meaning = key.anotherMeaning, key.turns != knob.id {
            return .notSettable(.r3, reason: meaning)
        }
        if let missing = key.missingIn {
            return .notSettable(.r0, reason: "`\(key.path)` is a key, but \(missing)")
        }
        guard key.takesEffect != .newDatabaseOnly else { return .newDatabaseOnly(path: key.path) }
        return .live(path: key.path, takesEffect: key.takesEffect)
    }

    /// Whether a file of this version can set the knob to the value. A study tries nothing else of a knob
    /// that counts as reachable: it might win and could not be written down.
    package func canWrite(_ value: Int64, of knob: Knob) -> Bool {
        key(turning: knob)?.spelled(value, of: knob) != nil
    }

    /// The key that turns the knob, under whatever name.
    func key(turning knob: Knob) -> ConfigKey? {
        keys.first { $0.turns == knob.id } ?? key(knob.articlePath)
    }

    private func tierWithoutKey(of knob: Knob) -> Reachability.Tier {
        switch knob.reach {
        case .pool: sharesDefaultEnv ? .r1 : .r3
        case .database(let option):
            storesDatabaseOptions && Self.storedOptions.contains(option) ? .r2 : .r3
        case .columnFamily, .table, .uncompressedLevels, .writeBufferManager, .rateLimiter, .shards,
            .bufferItems, .bufferBytes, .bufferInterval, .pendingItems, .pendingInterval,
            .idleInterval:
            .r3
        }
    }

    private func wayWithoutKey(for knob: Knob) -> String {
        switch (tierWithoutKey(of: knob), knob.reach) {
        case (.r1, .pool(let pool)):
            "; until the next restart `emqx eval '{ok,E}=rocksdb:default_env(), "
                + "rocksdb:set_env_background_threads(E,N,priority_\(pool == .high ? "high" : "low")).'` "
                + "sets N threads, which is not supported"
        case (.r2, _):
            "; only editing the options stored with the database reaches it, "
                + "which is not supported"
        default: ""
        }
    }

    /// Options of the whole database that EMQX's binding reads (parse_db_option in erlang-rocksdb
    /// 1.8.0-emqx, c_src/erocksdb_db.cc); it skips others silently. recycle_log_file_num,
    /// delayed_write_rate, wal_bytes_per_sync, strict_bytes_per_sync and allow_fallocate are not among
    /// them.
    private static let storedOptions: Set<String> = [
        "max_background_jobs", "max_open_files", "max_total_wal_size", "bytes_per_sync",
        "db_write_buffer_size", "max_subcompactions", "compaction_readahead_size",
        "use_direct_reads", "use_direct_io_for_flush_and_compaction", "wal_recovery_mode",
        "enable_pipelined_write", "unordered_write", "atomic_flush",
    ]

    /// The knobs that a configuration file of this version turns.
    ///
    /// - Parameter newDatabase: the file is for a node whose database does not exist yet.
    package func settableKnobs(newDatabase: Bool = false) -> [Knob] {
        Knob.catalogue.filter {
            switch reach(of: $0) {
            case .live: true
            case .newDatabaseOnly: newDatabase
            case .notSettable: false
            }
        }
    }
}
