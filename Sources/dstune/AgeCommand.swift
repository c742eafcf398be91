internal import ArgumentParser
internal import Foundation
internal import Glibc
internal import Study
internal import Traffic
internal import Trial

/// What a study starts before its first trial: reads the order for a start state from standard input.
struct AgeCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "age",
        abstract: "Build or verify a start state (started by sweep and resume).",
        shouldDisplay: false)

    @Option(help: "Process id of the study that asks; the building ends with it.")
    var parent: Int32

    func run() throws {
        // Ctrl-C reaches the whole group; the study decides when this ends.
        signal(SIGINT, SIG_IGN)
        ParentWatch.start(parent: parent)
        let spec: StartSpec
        do {
            spec = try JSONDecoder().decode(
                StartSpec.self, from: FileHandle.standardInput.readDataToEndOfFile())
        } catch { throw Failure(.badInput, "standard input holds no order (\(error))") }
        do throws(TrialError) {
            try StartBuilder(spec).run { () throws(TrialError) in
                let options = ReadingOptions(tlsKeyLog: spec.tlsKeyLog)
                do throws(Failure) { return try loadTrace(spec.captures, options).trace } catch {
                    throw .environment(error.sentence)
                }
            }
        } catch {
            switch error {
            case .unknownEngine: throw Failure(.badInput, error.description)
            case .environment, .overload: throw Failure(.environment, error.description)
            }
        }
    }
}
