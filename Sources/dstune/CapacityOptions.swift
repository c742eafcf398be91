internal import ArgumentParser
internal import Measure
internal import Replay

/// What a highest speed is searched for with.
struct CapacityOptions: ParsableArguments {
    @Flag(
        help: ArgumentHelp(
            "Find the highest speed at which every --slo is met, nothing stalls and no queue grows."
        ))
    var findLimit = false
    @Option(
        name: .customLong("slo"),
        help: ArgumentHelp(
            "A latency (puback, pubrec, pubcomp, durable, delivery), a percentile (p50, p90, p95, p99, p999, "
                + "p9999, max) and a limit: 'puback_p99<20ms'. May be repeated.",
            valueName: "objective"))
    var objectives: [Objective] = []

    func validate() throws {
        if findLimit, objectives.isEmpty {
            throw ValidationError("--find-limit wants an objective: --slo 'durable_p99<20ms'")
        }
        if !findLimit, !objectives.isEmpty {
            throw ValidationError("--slo says what --find-limit holds to; name both")
        }
    }
}

extension Objective: ExpressibleByArgument {
    init?(argument: String) { self.init(argument) }
}
