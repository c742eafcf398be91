internal import ArgumentParser
internal import Foundation
internal import HOCON
internal import Measure
internal import Storage

struct ProbeCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "probe", abstract: "Measure the disk under a directory and write its model.",
        discussion: """
            Measures there what durable writes cost: fdatasync, writes in order and
            small ones, reads past the page cache; says what is mounted, and whether
            its fsync is too fast to be honest. Up to 600 MiB are written and
            removed, also on Ctrl-C.

              dstune probe /var/lib/emqx --write Profiles/disks/ours.conf
              dstune probe . --verify

            --verify runs the same writes through the model, on files in memory, and
            ends with 1 if a figure is more than 20 % off.
            """)

    @Argument(help: "A directory on the disk in question.") var directory: String
    @Option(help: "text or json.") var format = OutputFormat.text
    @Option(help: "Where to write the model, for example Profiles/disks/ours.conf.")
    var write: String?
    @Option(help: "About how long to measure.") var seconds = 10
    @Flag(help: "Compare the model with the device.") var verify = false
    @Option(help: "A directory in memory (tmpfs), for --verify.") var memory = "/dev/shm"

    func validate() throws {
        guard (1...3_600).contains(seconds) else {
            throw ValidationError("--seconds wants 1 to 3600")
        }
    }

    func run() throws {
        try checkTarget()
        let stop = StopSwitch()
        let signals = [SIGINT, SIGTERM].map { stop.turn(onSignal: $0) }
        defer { for signal in signals { signal.cancel() } }
        let verification: ProbeVerification?
        do throws(DeviceProbe.Failure) { verification = try measure(stop) } catch {
            throw failure(error)
        }
        if let verification, !verification.holds {
            throw Failure(
                .answerIsNo,
                "the model is more than \(Int(ProbeVerification.tolerance * 100)) % off its device; "
                    + "probe again on a quiet machine, with more --seconds")
        }
    }

    private func measure(_ stop: StopSwitch) throws(DeviceProbe.Failure) -> ProbeVerification? {
        let measured = try probe(of: directory, stop).run()
        let name = write.map { URL(fileURLWithPath: $0).deletingPathExtension().lastPathComponent }
        let model = measured.model(name: name ?? "probed", pageCache: .ofThisMachine())
        let verification =
            verify
            ? try ProbeVerification(
                of: measured, model: model, seed: Seed(1), in: probe(of: memory, stop)) : nil
        try report(measured, model, verification)
        return verification
    }

    private func probe(of directory: String, _ stop: StopSwitch) -> DeviceProbe {
        let isTerminal = isatty(STDERR_FILENO) != 0
        return DeviceProbe(
            directory: directory, seconds: seconds,
            progress: { part in
                guard isTerminal else { return }
                FileHandle.standardError.write(Data("\(directory): \(part)\n".utf8))
            },
            isStopped: { stop.isOn })
    }

    /// Before anything is measured.
    private func checkTarget() throws(Failure) {
        guard let write else { return }
        let folder = URL(fileURLWithPath: write).deletingLastPathComponent().path
        guard FileManager.default.isWritableFile(atPath: folder) else {
            throw Failure(
                .badInput, "\(write): cannot be written; name a file in a folder that is there")
        }
    }

    private func report(
        _ measured: DeviceMeasurement, _ model: DiskModel, _ verification: ProbeVerification?
    ) throws(DeviceProbe.Failure) {
        if let write {
            let honesty = SyncHonesty(median: measured.fsync.time(at: 0.5) ?? .zero)
            let text = model.rendered(remarks: [
                "Measured by dstune probe; every figure is of this machine.",
                "Its fsync: \(honesty.sentence).",
                measured.readsAreDirect
                    ? "Reads were measured past the page cache."
                    : "Reads could not be measured past the page cache: theirs are memory's figures.",
            ])
            do {
                try Data(text.utf8).write(to: URL(fileURLWithPath: write), options: .atomic)
            } catch { throw .failed("\(write): cannot be written (\(error))") }
        }
        let report = ProbeReport(measured, modelFile: write, verification: verification)
        switch format {
        case .text: Swift.print(report.text())
        case .json:
            do { try print(json: report) } catch { throw .failed("no JSON: \(error)") }
        }
    }

    private func failure(_ failure: DeviceProbe.Failure) -> Failure {
        switch failure {
        case .noDirectory: Failure(.badInput, failure.description)
        case .noSpace, .failed: Failure(.environment, failure.description)
        case .stopped: Failure(.interrupted, failure.description)
        }
    }
}
