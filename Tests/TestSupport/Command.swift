package import Foundation

/// Runs the built executable as a user would.
package struct Command {
    package struct Outcome: Sendable {
        package let code: Int32
        package let output: String
        package let errors: String

        /// Lines on standard error that the tool itself wrote.
        package var complaints: [String] {
            errors.split(separator: "\n").map(String.init).filter { $0.hasPrefix("dstune: ") }
        }
    }

    /// `dstune`, built beside the tests.
    package static let executable = URL(fileURLWithPath: CommandLine.arguments[0])
        .resolvingSymlinksInPath().deletingLastPathComponent().appendingPathComponent("dstune")

    /// Starts it; the caller waits or kills.
    package static func start(
        _ arguments: [String], of program: URL = executable, in directory: String,
        environment: [String: String] = [:],
        errors: FileHandle = .nullDevice, output: FileHandle = .nullDevice
    ) throws -> Process {
        let process = Process()
        process.executableURL = program
        process.arguments = arguments
        process.currentDirectoryURL = URL(fileURLWithPath: directory)
        process.environment = ProcessInfo.processInfo.environment.merging(environment) { $1 }
        process.standardError = errors
        process.standardOutput = output
        process.standardInput = FileHandle.nullDevice
        try process.run()
        return process
    }

    /// Runs it to its end.
    package static func run(
        _ arguments: [String], of program: URL = executable, in directory: String,
        environment: [String: String] = [:]
    ) throws -> Outcome {
        // Files, not pipes: nobody has to read while it runs.
        let out = directory + "/.stdout-\(UUID().uuidString)",
            err = directory + "/.stderr-\(UUID().uuidString)"
        for path in [out, err] { try Data().write(to: URL(fileURLWithPath: path)) }
        defer { for path in [out, err] { try? FileManager.default.removeItem(atPath: path) } }
        let process = try start(
            arguments, of: program, in: directory, environment: environment,
            errors: FileHandle(forWritingTo: URL(fileURLWithPath: err)),
            output: FileHandle(forWritingTo: URL(fileURLWithPath: out)))
        process.waitUntilExit()
        return Outcome(
            code: process.terminationReason == .exit
                ? process.terminationStatus : 128 + process.terminationStatus,
            output: try String(contentsOfFile: out, encoding: .utf8),
            errors: try String(contentsOfFile: err, encoding: .utf8))
    }
}
