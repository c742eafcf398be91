internal import HOCON
internal import Measure
internal import Storage
internal import Study

/// What a trial's store and its surroundings are made of, as its spec says.
struct TrialConditions {
    let options: StoreOptions
    let engine: RocksEngine
    /// CPU burned for each stored message.
    let brokerCPU: Nanoseconds

    /// - Throws: `.unknownEngine`; `.environment` for conditions that this dstune cannot read, as those of a
    ///   later version.
    init(_ spec: TrialSpec) throws(TrialError) {
        guard let model = EngineModel.find(spec.engine) else {
            throw .unknownEngine(spec.engine, known: EngineModel.catalogue.map(\.id))
        }
        options = StoreOptions(
            engine: model, setting: spec.setting, miniature: spec.scale.miniature,
            durability: try Self.durability(spec.conditions, of: model))
        brokerCPU = spec.conditions.brokerCPU ?? model.cpuPerMessage
        engine = RocksEngine(on: try Self.disk(spec))
    }

    private static func durability(
        _ conditions: Conditions, of model: EngineModel
    ) throws(TrialError) -> Durability {
        var durability = model.durability
        if let name = conditions.acknowledgement {
            guard let known = Durability.Acknowledgement(rawValue: name) else {
                throw .environment("no trial can acknowledge \(name); start the study again")
            }
            durability.acknowledgement = known
        }
        if let name = conditions.sync {
            guard let known = Durability.Sync(name) else {
                throw .environment("no trial can sync \(name); start the study again")
            }
            durability.sync = known
        }
        return durability
    }

    /// The latencies that a disk model draws are those of the trial's seed: every trial of a block has the same.
    private static func disk(_ spec: TrialSpec) throws(TrialError) -> Disk? {
        guard let text = spec.conditions.disk else { return nil }
        let file = "the study's disk model"
        do {
            let model = try DiskModel(
                reading: HOCONValue(parsing: Array(text.utf8), file: file), file: file)
            return try Disk(.modelled(model, spec.seed.branch("disk")))
        } catch { throw .environment("\(error)") }
    }
}
