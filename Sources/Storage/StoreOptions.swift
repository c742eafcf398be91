package import Knobs
package import Layout
package import Measure

/// How a store is opened: an engine model, the setting that is tried, and the scale.
package struct StoreOptions: Sendable {
    package typealias Option = (name: String, value: String)

    package var engine: EngineModel
    package var setting: Setting
    /// Every byte size of the LSM is divided by this; 1 is full scale.
    package var miniature: UInt64
    /// What an acknowledgement promises; the engine's own unless it is told otherwise.
    package var durability: Durability
    /// What keys and values look like; the engine's own unless it is told otherwise.
    package var format: RowFormat
    /// How long messages are to be kept; they live between one and about three times as long
    /// (`message_retention_period`, reference 4.4).
    package var retention = Nanoseconds.seconds(86_400)
    /// Of what is drawn by chance: where the first file of a shared log ends.
    package var seed = Seed(1)
    /// Called by a shared log's threads at each step; for tests.
    package var logSteps: (@Sendable (LogStep) -> Void)?

    package init(
        engine: EngineModel, setting: Setting, miniature: UInt64 = 1, durability: Durability? = nil,
        format: RowFormat? = nil
    ) {
        precondition(miniature >= 1)
        self.engine = engine
        self.setting = setting
        self.miniature = miniature
        self.durability = durability ?? engine.durability
        self.format = format ?? engine.format
    }

    package var shards: Int { Int(value(.shards)) }
    /// When a shard's batch is closed.
    package var batching: BatchRule {
        switch engine.batching {
        case .writeBuffer:
            let bytes = value(.bufferBytes)
            return BatchRule(
                items: Int(value(.bufferItems)), bytes: bytes == 0 ? nil : Int(bytes),
                interval: .milliseconds(value(.bufferInterval)))
        case .transaction:
            return BatchRule(
                items: Int(value(.pendingItems)), interval: .milliseconds(value(.pendingInterval)),
                idle: .milliseconds(value(.idleInterval)))
        }
    }

    /// What is asked of each shard's database.
    package var databaseOptions: [Option] {
        let knobs = options { if case .database(let option) = $0 { option } else { nil } }
        return engine.databaseOptions.replaced(by: knobs)
    }

    /// What is asked of each column family, beside its table.
    package var familyOptions: [Option] {
        let knobs = options { if case .columnFamily(let option) = $0 { option } else { nil } }
        return engine.familyOptions.replaced(by: knobs + compressionPerLevel)
    }

    /// What is asked of the block-based table of each column family.
    package var tableOptions: [Option] {
        let knobs = options { if case .table(let option) = $0 { option } else { nil } }
        return engine.tableOptions.replaced(by: knobs)
    }

    /// What all shards share.
    package var shared: SharedOptions {
        SharedOptions(
            writeBufferManager: UInt64(value(.writeBufferManager)),
            bytesPerSecond: value(.rateLimiter))
    }

    /// Threads of the pools for flushes and for compactions; 0 for what the shards ask for.
    package var threads: (high: Int, low: Int) {
        (Int(value(.pool(.high))), Int(value(.pool(.low))))
    }

    /// The column families of a new shard, all with the same options.
    var families: [ColumnFamily] { engine.families.map(family) }

    func family(_ name: String) -> ColumnFamily {
        let table = (
            name: "block_based_table_factory", value: "{\(OptionText.print(tableOptions))}"
        )
        return ColumnFamily(name: name, options: OptionText.print(familyOptions + [table]))
    }

    /// RocksDB takes a list of algorithms by level; the last stands for all below.
    private var compressionPerLevel: [Option] {
        let plain = Int(value(.uncompressedLevels))
        guard plain > 0,
            let below = options({ $0 == .columnFamily(option: "compression") ? "" : nil }).first
        else { return [] }
        let levels = Array(repeating: "kNoCompression", count: plain) + [below.value]
        return [(name: "compression_per_level", value: levels.joined(separator: ":"))]
    }

    private func value(_ reach: Knob.Reach) -> Int64 {
        guard let knob = Knob.catalogue.first(where: { $0.reach == reach }) else {
            preconditionFailure("the catalogue lacks a knob that every store needs")
        }
        return scaled(knob)
    }

    /// The setting's value, divided by the miniature where it is a size of the tree. Values that stand for
    /// something else (no limit) stay.
    private func scaled(_ knob: Knob) -> Int64 {
        let full = setting[knob]
        guard knob.shrinks, full > 0 else { return full }
        return max(1, full / Int64(clamping: miniature))
    }

    private func options(_ name: (Knob.Reach) -> String?) -> [Option] {
        Knob.catalogue.compactMap { knob in
            name(knob.reach).map { (name: $0, value: knob.rocksdb(scaled(knob))) }
        }
    }
}

extension [StoreOptions.Option] {
    /// What a knob turns is no longer the engine's to fix.
    fileprivate func replaced(by knobs: [StoreOptions.Option]) -> [StoreOptions.Option] {
        filter { fixed in !knobs.contains { $0.name == fixed.name } } + knobs
    }
}

extension StoreOptions {
    /// Of receipts for retained messages: behind the shards' and that of session state.
    var retainedLane: Int { shards + 1 }
}
