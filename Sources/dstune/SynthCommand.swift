internal import ArgumentParser
internal import Foundation
internal import Traffic

struct SynthCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "synth",
        abstract: "Make the traffic of a fleet that is described in a file.",
        discussion: """
            A fleet is a HOCON file: devices and what they publish, consumers and
            what they subscribe to, outages, bad links, reconnect storms. The
            result is a trace for every other command, or a capture (pcapng) for
            any decoder; both directions, as a broker would answer. The same file,
            options and seed give the same bytes.

              dstune synth Profiles/fleets/air-quality.conf
              dstune synth Profiles/fleets/vehicles.conf --duration 1h \\
                --devices 2000 --seed 7 --output vehicles.pcapng
              dstune synth Profiles/fleets/*.conf --output fleets/
              dstune synth fleet.conf --to pcapng --output - | tshark -r -

            Every key of the file is explained in the fleets that come with dstune
            and in its documentation (`make docs`).
            """)

    @Argument(help: "Descriptions of fleets; each becomes a file of its own.")
    var fleets: [String]
    @Option(
        help: ArgumentHelp(
            "Where to write: a file, a directory, or - for standard output. Default: the name of the fleet, in this directory."
        ))
    var output: String?
    @Option(
        help: "dstrace or pcapng. Default: what the name of the output ends with, else dstrace.")
    var to: FleetOutput?
    @Option(help: "How long the traffic is, as 90s, 10m or 1h30m. Default: as the fleet says.")
    var duration: String?
    @Option(help: "How many devices, shared among the groups that scale as the fleet shares them.")
    var devices: Int?
    @Option(help: "Seed of everything that is drawn.") var seed: UInt64 = 1
    @Option(
        help: "When the traffic begins, in UTC: 2026-04-21T00:00:00Z. Default: as the fleet says.")
    var start: String?
    @Option(
        help: "Where to write, as JSON, what is true of the traffic, and who commits which pitfall."
    )
    var truth: String?
    @Option(help: "Of the summary: text or json.") var format = OutputFormat.text

    func validate() throws {
        if let duration, Fleet.duration(duration) == nil {
            throw ValidationError(
                "--duration wants a duration as 90s, 10m or 1h30m, not \(duration)")
        }
        if let start, WallClock.parse(start) == nil {
            throw ValidationError("--start wants a time as 2026-04-21T00:00:00Z, not \(start)")
        }
        if let devices, !(1...Fleet.mostClients).contains(devices) {
            throw ValidationError("--devices wants 1 to \(Fleet.mostClients)")
        }
    }

    func run() throws {
        let plans = try plan()
        let stop = StopSwitch()
        let signals = [SIGINT, SIGTERM].map { stop.turn(onSignal: $0) }
        defer { for signal in signals { signal.cancel() } }
        var summaries: [SynthSummary] = []
        for plan in plans {
            let summary = try make(plan, stop)
            summaries.append(summary)
            // Standard output may be the traffic itself.
            if format == .text { plan.isPiped ? warn(summary.text()) : Swift.print(summary.text()) }
        }
        guard format == .json else { return }
        if plans.contains(where: \.isPiped) {
            warn("no JSON summary: standard output is the traffic; use --truth")
        } else {
            try print(json: summaries)
        }
    }

    private func make(_ plan: SynthPlan, _ stop: StopSwitch) throws -> SynthSummary {
        let progress = SynthProgress(plan.fleet.name)
        let begun = Date()
        let truth: FleetTruth?
        do throws(WriteError) {
            let file = try OutputFile.named(plan.path)
            truth = try plan.fleet.write(to: file, as: plan.output, seed: seed) {
                progress.show($0)
                return !stop.isOn
            }
        } catch {
            progress.clear()
            throw Failure(.environment, error.description)
        }
        progress.clear()
        guard let truth else {
            throw Failure(.interrupted, "\(plan.path): not written; the work was interrupted")
        }
        if let path = plan.truthPath { try write(truth, to: path) }
        return SynthSummary(
            truth: truth, path: plan.path, form: plan.output,
            elapsedSeconds: -begun.timeIntervalSinceNow)
    }

    private func write(_ truth: FleetTruth, to path: String) throws {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
        let data = try encoder.encode(truth)
        do throws(WriteError) {
            let file = try OutputFile.named(path)
            try file.write([UInt8](data).span.bytes)
            try file.write([UInt8(ascii: "\n")].span.bytes)
            try file.finish()
        } catch { throw Failure(.environment, error.description) }
    }
}

extension FleetOutput: ExpressibleByArgument {}
