internal import ArgumentParser
internal import Measure
internal import Storage
internal import Trial

/// What the broker within the process is.
struct ReplayEngineOptions: ParsableArguments {
    /// EMQX 5.8's local backend: what most nodes run.
    private static let standard = "emqx-5.8-local"

    @Option(
        help: ArgumentHelp(
            "Engine model: " + EngineModel.catalogue.map(\.id).joined(separator: ", ") + "."))
    var engine = standard
    @Option(help: "When a publisher is told. Default: as the engine does.")
    var acknowledge: Durability.Acknowledgement?
    @Option(
        help: ArgumentHelp(
            "When the log is synced: none, per_commit or interval:MS. Default: as the engine does.",
            valueName: "sync"))
    var sync: Durability.Sync?
    @Option(
        name: .customLong("broker-cpu-us"),
        help:
            "CPU burned for each stored message beside this broker. Default: what the engine declares."
    )
    var brokerCPU: Int?
    @Option(help: "Behave like the disk of this model file (Profiles/disks, dstune probe --write).")
    var disk: String?
    @Option(help: "Where the store is made; a folder below it is made and removed.")
    var directory = "."

    func validate() throws {
        if let brokerCPU, !(0...100_000).contains(brokerCPU) {
            throw ValidationError("--broker-cpu-us wants 0 to 100000")
        }
    }

    /// - Throws: `.badInput` for an engine that is not known or a disk model that cannot be read.
    func plan() throws(Failure) -> InProcessPlan {
        var plan = InProcessPlan(engine: try findEngine(engine), directory: directory)
        if let acknowledge { plan.durability.acknowledgement = acknowledge }
        if let sync { plan.durability.sync = sync }
        if let brokerCPU { plan.brokerCPU = .microseconds(Int64(brokerCPU)) }
        if let disk { plan.disk = try loadDiskModel(disk) }
        return plan
    }
}

extension Durability.Acknowledgement: ExpressibleByArgument {}

extension Durability.Sync: ExpressibleByArgument {
    init?(argument: String) { self.init(argument) }
}
