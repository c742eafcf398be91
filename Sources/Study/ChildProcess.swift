internal import Foundation
internal import Subprocess
internal import SystemPackage

/// This program, started once more to answer one question: as JSON on its standard input, answered on its
/// standard output, with its complaints on standard error.
///
/// Files, not pipes: an answer of any length is whole and stays when this process dies, and a child that
/// dies before it has read its question does not take this process along (SIGPIPE).
struct ChildProcess: Sendable {
    let executable: String
    let arguments: [String]
    /// Paths of the three files.
    let question: String
    let answer: String
    let log: String

    /// Ends with the child; a cancelled task stops it.
    func ask(_ question: some Encodable) async throws -> TerminationStatus {
        let written = try file(self.question)
        try written.closeAfter {
            let line = try JSONEncoder().encode(question) + Data([UInt8(ascii: "\n")])
            _ = try written.writeAll(line)
        }
        var options = PlatformOptions()
        options.teardownSequence = [.gracefulShutDown(allowedDurationToNextStep: .seconds(5))]
        return try await Subprocess.run(
            .path(FilePath(executable)), arguments: Arguments(arguments), platformOptions: options,
            input: .fileDescriptor(
                try .open(FilePath(self.question), .readOnly), closeAfterSpawningProcess: true),
            output: .fileDescriptor(try file(answer), closeAfterSpawningProcess: true),
            error: .fileDescriptor(try file(log), closeAfterSpawningProcess: true)
        ).terminationStatus
    }

    /// The last sentence of its complaints; nil if there is none.
    var lastWords: String? {
        guard let data = FileManager.default.contents(atPath: log) else { return nil }
        let lines = String(decoding: data.suffix(4096), as: UTF8.self).split(
            whereSeparator: \.isNewline)
        // The child signs its complaints as this process will.
        return lines.last.map { line in
            let sentence = line.hasPrefix("dstune: ") ? line.dropFirst(8) : line[...]
            return String(sentence.prefix(500))
        }
    }

    private func file(_ path: String) throws -> FileDescriptor {
        try FileDescriptor.open(
            FilePath(path), .writeOnly, options: [.create, .truncate],
            permissions: .ownerReadWrite)
    }
}
