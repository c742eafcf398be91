internal import ArgumentParser
internal import Foundation
internal import Measure
internal import Replay
internal import Storage
internal import Traffic
internal import Trial

struct ReplayCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "replay",
        abstract: "Send recorded traffic again, on time, and say what came of every message.",
        discussion: """
            Each recorded client lives its life again: it connects with its flags,
            will and expiry, subscribes, publishes, answers and leaves as it did. What
            is due is sent whether or not earlier messages were answered, and
            latencies count from when the recording says it was to be sent. The
            broker is within this process, with sessions on RocksDB as the engine
            model has them, or any other that --target names.

              dstune replay sensors.pcap
              dstune replay sensors.pcap --speed 20 --duration 60s
              dstune replay sensors.pcap --fleet 50 --what-if reconnect-storm=30s,20%
              dstune replay sensors.pcap --engine emqx-6.1.1-raft --acknowledge on_commit
              dstune replay sensors.pcap --target mqtt://127.0.0.1:1883
              dstune replay sensors.pcap --engine article --crash-at 30s
              dstune replay sensors.pcap --find-limit --slo 'durable_p99<20ms'
              dstune replay sensors.pcap --speed 20 --parity 2
              dstune replay sensors.pcap --format json | tail -1

            Once a second it says on standard error how it goes: what was sent,
            99th percentiles of that second, how late the generator was, messages
            that wait to be stored, level-0 files, stalls. With --format json each
            second is an object on standard output, and the last line holds the
            summary. A ledger outside of the broker accounts for every message.

            Policies of --what-if:
            \(WhatIf.forms.map { "  " + $0.line }.joined(separator: "\n"))

            Exit codes: 0 done; 1 it ran and the answer is no (the broker broke its
            promise, overload, no speed that holds); 2 bad usage or bad input; 3 the
            environment failed, the target included; 130 interrupted, and summed up.
            """)

    @Argument(help: "Captures, folders of captures, or - for standard input.") var captures:
        [String]
    @OptionGroup var reading: ReadingArguments
    @Option(help: "Subscriptions that were made before the captures began: a file, as for inspect.")
    var subscriptions: String?
    @OptionGroup(title: "What is replayed") var traffic: TrafficOptions
    @OptionGroup(title: "Capacity") var capacity: CapacityOptions
    @OptionGroup(title: "The broker in this process") var around: ReplayEngineOptions
    @OptionGroup(title: "A broker in another process") var target: TargetOptions
    @OptionGroup(title: "Verification") var ledger: LedgerOptions
    @Option(
        help: ArgumentHelp(
            "Replay so many times in process and as often to the same broker over TCP, and say by how much the two differ.",
            valueName: "rounds"))
    var parity: Int?
    @Option(
        help: ArgumentHelp(
            "A folder that gets latencies.hlog (HdrHistogram's log format) and summary.json.",
            valueName: "folder"))
    var output: String?
    @Option(help: "text or json.") var format = OutputFormat.text

    func validate() throws {
        if target.target != nil, ledger.crashAt != nil {
            throw ValidationError(
                "--crash-at kills a broker of its own, and none that --target names")
        }
        if target.target != nil, capacity.objectives.contains(where: { $0.latency == .durable }) {
            throw ValidationError("of a broker in another process nobody sees durable latencies")
        }
        if let parity {
            guard (1...100).contains(parity) else {
                throw ValidationError("--parity wants 1 to 100")
            }
            if target.target != nil || ledger.crashAt != nil || ledger.ledger != nil
                || capacity.findLimit || output != nil
            {
                throw ValidationError(
                    "--parity compares brokers of its own in runs of its own: leave out --target, --crash-at, "
                        + "--ledger, --find-limit and --output")
            }
        }
        if capacity.findLimit, ledger.ledger != nil || ledger.crashAt != nil || output != nil {
            throw ValidationError(
                "--find-limit makes many runs: --ledger, --crash-at and --output are about one")
        }
    }

    func run() throws {
        let resolved = try target.resolved()
        let sockets = try target.options()
        let inside = try around.plan()
        let recording = try record()
        let wanted = traffic.plan(at: traffic.speed, for: nil)
        if let refusal = wanted.refusal(for: recording) { throw Failure(.badInput, refusal) }
        let scratch = try ScratchFolder(
            ".dstune-replay", below: around.directory, endsOnSignals: false)
        let folder = scratch.path
        let stop = StopSwitch {
            ScratchFolder.remove(folder)
            _exit(Failure.Code.interrupted.rawValue)
        }
        let signals = [SIGINT, SIGTERM].map(stop.turn)
        defer { for signal in signals { signal.cancel() } }
        if let output { try makeOutput(output) }
        let lines = ReplayLines(format)
        let broker: ReplaySession.Broker =
            if let resolved {
                .target(resolved, sockets, ledger.promise)
            } else if let time = ledger.crashAt {
                .child(inside, killedAfter: time.span)
            } else {
                .inProcess(inside)
            }
        let session = ReplaySession(
            recording: recording, traffic: traffic, broker: broker,
            ledger: capacity.findLimit ? nil : ledger.place, output: output, folder: folder,
            lines: lines, stop: stop)
        try withExtendedLifetime(scratch) {
            if let parity {
                try compare(session, rounds: parity)
            } else if capacity.findLimit {
                try findLimit(session)
            } else {
                try replay(session)
            }
        }
        if stop.isOn { throw ExitCode(Failure.Code.interrupted.rawValue) }
    }

    private func record() throws(Failure) -> Recording {
        var options = reading.options
        if let subscriptions { options.subscriptions = try loadSubscriptions(subscriptions) }
        do throws(CaptureError) {
            return try Recording(captures: captures, options: options)
        } catch { throw Failure(.badInput, error.description) }
    }

    private func replay(_ session: ReplaySession) throws {
        let summary = try session.replay()
        session.lines.end()
        try session.lines.finish(summary)
        if let output {
            try write(jsonLine(ReplaySummary.Object(summary)), to: output + "/summary.json")
        }
        guard !session.stop.isOn else { return }
        if summary.stopped != nil || !summary.isVerified {
            throw ExitCode(Failure.Code.answerIsNo.rawValue)
        }
    }

    private func compare(_ session: ReplaySession, rounds: Int) throws {
        guard let report = try session.compare(rounds: rounds) else { return }
        session.lines.end()
        switch format {
        case .json: print(try jsonLine(["parity": report]), terminator: "")
        case .text: print(report)
        }
    }

    private func findLimit(_ session: ReplaySession) throws {
        let found = try session.findLimit(capacity.objectives)
        session.lines.end()
        guard var summary = found.summary else { return }
        summary.capacity = found.capacity
        try session.lines.finish(summary)
        if found.capacity.speed == nil, !session.stop.isOn {
            throw ExitCode(Failure.Code.answerIsNo.rawValue)
        }
    }

    private func makeOutput(_ folder: String) throws(Failure) {
        do {
            try FileManager.default.createDirectory(
                atPath: folder, withIntermediateDirectories: true,
                attributes: [.posixPermissions: 0o700])
        } catch {
            throw Failure(
                .environment, "\(folder): cannot be made (\(error)); name another --output")
        }
    }

    private func write(_ text: String, to path: String) throws(Failure) {
        guard
            FileManager.default.createFile(
                atPath: path, contents: Data(text.utf8), attributes: [.posixPermissions: 0o600])
        else {
            throw Failure(
                .environment, "\(path): cannot be written; free space or name another --output")
        }
    }
}

extension WhatIf.Form {
    /// For help.
    fileprivate var line: String { (values.isEmpty ? name : "\(name)=\(values)") + ": " + meaning }
}
