package import Knobs
package import Measure

/// How a store is opened: an engine model, the setting that is tried, and the scale.
package struct StoreOptions: Sendable {
    package var engine: EngineModel
    package var setting: Setting
    /// Every byte size of the LSM is divided by this; 1 is full scale.
    package var miniature: UInt64
    /// What an acknowledgement promises; the engine's own unless it is told otherwise.
    package var durability: Durability
    /// Of what is drawn by chance: where the first file of a shared log ends.
    package var seed = Seed(1)
    /// Called by a shared log's threads at each step; for tests.
    package var logSteps: (@Sendable (LogStep) -> Void)?

    package init(
        engine: EngineModel, setting: Setting, miniature: UInt64 = 1, durability: Durability? = nil
    ) {
        precondition(miniature >= 1)
        self.engine = engine
        self.setting = setting
        self.miniature = miniature
        self.durability = durability ?? engine.durability
    }

    package var shards: Int { value { if case .shards = $0 { true } else { false } } }
    /// Messages that a shard's buffer collects before it is flushed.
    package var bufferItems: Int { value { if case .bufferItems = $0 { true } else { false } } }
    /// How long the first message of a buffer waits at most.
    package var bufferInterval: Nanoseconds {
        .milliseconds(Int64(value { if case .bufferInterval = $0 { true } else { false } }))
    }

    /// What is asked of each shard's database.
    package var databaseOptions: [(name: String, value: String)] {
        let knobs = options {
            if case .database(let option) = $0 { option } else { nil }
        }
        // What a knob turns is no longer the engine's to fix.
        return engine.databaseOptions.filter { fixed in !knobs.contains { $0.name == fixed.name } }
            + knobs
    }

    /// What is asked of each column family.
    package var familyOptions: [(name: String, value: String)] {
        let sizes = engine.sizes.map { ($0.option, "\(max(1, $0.fullScale / miniature))") }
        let cache = (name: "block_cache", value: "\(max(1, engine.blockCache / miniature))")
        let table = OptionText.print([cache] + engine.tableOptions)
        let knobs = options {
            if case .columnFamily(let option) = $0 { option } else { nil }
        }
        return sizes.filter { size in !knobs.contains { $0.name == size.0 } } + engine.familyOptions
            + knobs
            + [("block_based_table_factory", "{\(table)}")]
    }

    /// The column families of each shard, all with the same options.
    var families: [ColumnFamily] {
        engine.families.map {
            ColumnFamily(name: $0, options: OptionText.print(familyOptions))
        }
    }

    private func value(where acts: (Knob.Reach) -> Bool) -> Int {
        guard let knob = Knob.catalogue.first(where: { acts($0.reach) }) else {
            preconditionFailure("the catalogue lacks a knob that every store needs")
        }
        return Int(setting[knob])
    }

    private func options(named name: (Knob.Reach) -> String?) -> [(name: String, value: String)] {
        Knob.catalogue.compactMap { knob in
            name(knob.reach).map { option in
                let full = setting[knob]
                return (option, "\(knob.shrinks ? max(1, full / Int64(miniature)) : full)")
            }
        }
    }
}
