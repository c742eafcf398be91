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
    @OptionGroup var broker: BrokerOptions
    @Option(help: "Where the store is made; a folder below it is made and removed.")
    var directory = "."

    /// - Throws: `.badInput` for an engine that is not known or a disk model that cannot be read.
    func plan() throws(Failure) -> InProcessPlan {
        var plan = InProcessPlan(engine: try findEngine(engine), directory: directory)
        if let acknowledge = broker.acknowledge.flatMap(Durability.Acknowledgement.init) {
            plan.durability.acknowledgement = acknowledge
        }
        if let sync = broker.sync.flatMap(Durability.Sync.init) { plan.durability.sync = sync }
        if let brokerCPU = broker.brokerCPU { plan.brokerCPU = .microseconds(Int64(brokerCPU)) }
        if let disk = broker.disk { plan.disk = try loadDiskModel(disk) }
        return plan
    }
}
