internal import Foundation
internal import Subprocess
internal import SystemPackage

/// Draws plots with the gnuplot program, a child process.
struct Gnuplot {
    let executable: String

    /// Writes the script and the data of `plot` into `directory`, which exists, and draws it there.
    ///
    /// - Throws: `.plotProgramMissing`, `.plotFailed` with gnuplot's last words.
    func draw(
        _ plot: Plot, in directory: String, study: String
    ) async throws(ReportError) {
        for (name, text) in plot.data { try PrivateFile.write(text, to: "\(directory)/\(name)") }
        try PrivateFile.write(plot.script, to: "\(directory)/\(plot.name).gp")
        let ending: (success: Bool, words: String)
        do {
            let result = try await Subprocess.run(
                .name(executable), arguments: ["\(plot.name).gp"],
                workingDirectory: FilePath(directory), output: .discarded,
                error: .string(limit: 1 << 16))
            ending = (result.terminationStatus.isSuccess, result.standardError)
        } catch let error as SubprocessError where error.code == .executableNotFound {
            throw .plotProgramMissing(program: executable, study: study)
        } catch {
            throw .plotFailed(plot: plot.name, detail: "\(error)", study: study)
        }
        PrivateFile.protect("\(directory)/\(plot.name).svg")
        guard ending.success else {
            let last = ending.words.split(whereSeparator: \.isNewline).last ?? ""
            throw .plotFailed(plot: plot.name, detail: String(last), study: study)
        }
    }
}

/// Files of a study belong to the one who made it: mode 0600, and whole or not there.
enum PrivateFile {
    static func write(_ text: String, to path: String) throws(ReportError) {
        do {
            let temporary = path + ".new"
            let file = try FileDescriptor.open(
                FilePath(temporary), .writeOnly, options: [.create, .truncate],
                permissions: .ownerReadWrite)
            try file.closeAfter { _ = try file.writeAll(text.utf8) }
            guard rename(temporary, path) == 0 else { throw Errno(rawValue: errno) }
        } catch {
            throw .cannotWrite(path: path, detail: "\(error)")
        }
    }

    /// For a file that another program made; if there is none, that is told elsewhere.
    static func protect(_ path: String) { chmod(path, 0o600) }

    static func makeDirectory(_ path: String) throws(ReportError) {
        do {
            try FileManager.default.createDirectory(
                atPath: path, withIntermediateDirectories: true,
                attributes: [.posixPermissions: 0o700])
        } catch {
            throw .cannotWrite(path: path, detail: error.localizedDescription)
        }
    }
}
