internal import ArgumentParser
internal import Foundation

/// Entry: parses, runs, and turns every end into an exit code of the design and, if it was not a success,
/// one sentence on standard error.
@main
struct Main {
    static func main() async {
        signal(SIGPIPE, SIG_IGN)
        do {
            var command = try DStune.parseAsRoot()
            if var command = command as? any AsyncParsableCommand {
                try await command.run()
            } else {
                try command.run()
            }
        } catch let failure as Failure {
            complain(failure.sentence)
            exit(failure.code.rawValue)
        } catch {
            if DStune.exitCode(for: error) == .success {
                print(DStune.fullMessage(for: error))
                exit(0)
            }
            if let code = error as? ExitCode { exit(code.rawValue) }
            let message = DStune.fullMessage(for: error)
            complain(message.hasPrefix("Error: ") ? String(message.dropFirst(7)) : message)
            exit(Failure.Code.badInput.rawValue)
        }
    }

    private static func complain(_ sentence: String) {
        FileHandle.standardError.write(Data(("dstune: " + sentence + "\n").utf8))
    }
}

/// The command line. Stable: scripts call it.
struct DStune: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "dstune",
        abstract:
            "Benchmarks and tunes the storage of MQTT durable sessions with your own traffic.",
        discussion: """
            Give it a capture in the evening, read the report in the morning:

              tcpdump -i eth0 -w sensors.pcap port 1883   (start it before the
                durable subscribers connect, or reconnect them while it runs)
              dstune inspect sensors.pcap
              dstune sweep sensors.pcap --emqx 5.8 --edition ce --study sensors-study

            Exit codes: 0 done, also when the advice is to change nothing; 1 the
            work ran and the answer is no (say, `inspect --strict` has findings); 2 bad
            usage or bad input; 3 the environment failed (disk full, a program
            missing); 130 interrupted.

            Shell completion: dstune --generate-completion-script bash|zsh|fish
            """,
        version: Version.current,
        subcommands: [
            InspectCommand.self, ConvertCommand.self, RecordCommand.self, SynthCommand.self,
            FootprintCommand.self, ReplayCommand.self,
            SweepCommand.self, ResumeCommand.self,
            ReportCommand.self, ServeCommand.self, CtlCommand.self, PasswdCommand.self,
            ProbeCommand.self,
            DiagnoseCommand.self,
            BenchCommand.self,
            TrialCommand.self, AgeCommand.self,
        ])
}

enum Version {
    static let current = "0.1.0"
}

/// A bad end, with the sentence for standard error and the exit code of the design.
struct Failure: Error {
    enum Code: Int32 {
        case answerIsNo = 1
        case badInput = 2
        case environment = 3
        case interrupted = 130
    }

    let code: Code
    let sentence: String

    init(_ code: Code, _ sentence: String) {
        self.code = code
        self.sentence = sentence
    }
}

enum OutputFormat: String, ExpressibleByArgument, CaseIterable {
    case text, json
}
