internal import ArgumentParser
internal import Foundation
internal import Glibc
internal import Storage
internal import Study
internal import Traffic
internal import Trial

/// What a study starts for each trial: reads a spec from standard input, answers on standard output.
struct TrialCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "trial", abstract: "Run one trial (started by sweep and resume).",
        shouldDisplay: false)

    @Option(help: "Process id of the study that asks; the trial ends with it.")
    var parent: Int32

    func run() throws {
        // Ctrl-C reaches the whole group; the study decides when its trial ends.
        signal(SIGINT, SIG_IGN)
        ParentWatch.start(parent: parent)
        let spec: TrialSpec
        do {
            spec = try JSONDecoder().decode(
                TrialSpec.self, from: FileHandle.standardInput.readDataToEndOfFile())
        } catch { throw Failure(.badInput, "standard input holds no trial spec (\(error))") }
        let trace = try loadTrace(spec.captures, ReadingOptions(tlsKeyLog: spec.tlsKeyLog)).trace
        do throws(TrialError) {
            let result = try TrialRunner(spec, trace: trace).run()
            try answer(with: result)
        } catch {
            switch error {
            case .unknownEngine: throw Failure(.badInput, error.description)
            case .environment: throw Failure(.environment, error.description)
            case .overload: throw Failure(.answerIsNo, error.description)
            }
        }
    }

    /// An answer that does not reach the disk whole is none.
    private func answer(with result: TrialResult) throws(TrialError) {
        do {
            try FileHandle.standardOutput.write(contentsOf: JSONEncoder().encode(result))
        } catch {
            throw .environment("the answer cannot be written (\(error)); free space on that disk")
        }
    }
}
