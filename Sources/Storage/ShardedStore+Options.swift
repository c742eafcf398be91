internal import Knobs

/// What was asked of RocksDB beside what it runs.
extension ShardedStore {
    /// Options in force after RocksDB's sanitising, read back from the first shard: of its database; of
    /// its data column family, prefixed `data.`; of that one's tables, prefixed `data.table.`; and what
    /// all shards share. `data.block_cache` and `data.table.block_cache` are the capacity of its block
    /// cache, in bytes; the options of the shared things have the ids of their knobs.
    package func effectiveOptions() throws(RocksError) -> [String: String] {
        var options = try all[0].database.options(family: nil)
        for (name, value) in try all[0].database.options(family: all[0].current.families.data) {
            options["data." + name] = value
        }
        let table = OptionText.parse(options["data.block_based_table_factory"] ?? "")
        for (name, value) in table { options["data.table." + name] = value }
        let capacity = all[0].database.property(
            "rocksdb.block-cache-capacity", family: all[0].current.families.data
        ).map { "\($0)" }
        options["data.block_cache"] = capacity
        options["data.table.block_cache"] = capacity
        let shared = all[0].database.shared()
        options["write_buffer_manager"] = "\(shared.writeBufferManager)"
        options["rate_limiter_bytes_per_sec"] = "\(shared.bytesPerSecond)"
        let threads = engine.threads
        options["background_threads_high"] = "\(threads.high)"
        options["background_threads_low"] = "\(threads.low)"
        return options
    }

    /// What was asked for and is not what RocksDB runs, one sentence each: every knob that reaches
    /// RocksDB and every option that the engine fixes.
    package func notHonoured() throws(RocksError) -> [String] {
        let effective = try effectiveOptions()
        return state.options.asked.compactMap { option in
            guard let got = effective[option.name] else {
                return
                    "\(option.name): asked for \(option.value), RocksDB does not say what it runs"
            }
            guard !OptionText.means(option.value, got) else { return nil }
            return "\(option.name): asked for \(option.value), RocksDB runs \(got)"
        }
    }
}

extension StoreOptions {
    /// Everything that is asked of RocksDB, under the names of `effectiveOptions`.
    fileprivate var asked: [Option] {
        let shared = self.shared
        let pools = [
            (name: "background_threads_high", value: threads.high),
            (name: "background_threads_low", value: threads.low),
        ].filter { $0.value > 0 }
        return databaseOptions
            + familyOptions.map { (name: "data." + $0.name, value: $0.value) }
            + tableOptions.map { (name: "data.table." + $0.name, value: $0.value) }
            + [
                (name: "write_buffer_manager", value: "\(shared.writeBufferManager)"),
                (name: "rate_limiter_bytes_per_sec", value: "\(shared.bytesPerSecond)"),
            ] + pools.map { (name: $0.name, value: "\($0.value)") }
    }
}
