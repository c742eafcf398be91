internal import ArgumentParser
internal import Foundation
internal import Storage

struct DiagnoseCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "diagnose",
        abstract: "Say what an EMQX data directory holds, without writing a byte.",
        discussion: """
            Name the node's data directory, its directory of messages, or one
            shard. The broker must be stopped, or the directory a copy or snapshot.
            It says what rows, levels and files are there, what RocksDB's logs tell
            of stalls, and how it differs from what the model writes for the same
            messages.

              dstune diagnose /var/lib/emqx
              dstune diagnose /var/lib/emqx/messages/3 --format json
              dstune diagnose /mnt/snapshot --sample 1000000 --redact

            Exit codes: 0 it could be read; 2 not a data directory, damaged, or
            held by a broker; 3 a file could not be read.
            """)

    @Argument(help: "The data directory, its messages, or one shard.") var directory: String
    @Option(help: "Rows of messages to read of each generation of a shard, at most.")
    var sample: Int?
    @Flag(help: "Leave the names of topic levels out.") var redact = false
    @Option(help: "text or json.") var format = OutputFormat.text

    func validate() throws {
        if let sample, sample < 1 { throw ValidationError("--sample wants 1 or more") }
    }

    func run() throws {
        let diagnosis: Diagnosis
        do throws(DiagnoseError) {
            let found = try DataDirectory(at: directory)
            let showsProgress = isatty(STDERR_FILENO) == 1
            let whole = try Diagnoser(found, sample: sample) { shard, rows in
                if showsProgress { progress("shard \(shard): \(rows) rows") }
            }.run()
            if showsProgress { progress("") }
            diagnosis = redact ? whole.redacted() : whole
        } catch {
            throw Failure(error.isEnvironment ? .environment : .badInput, error.description)
        }
        switch format {
        case .text: print(diagnosis.text())
        case .json: try print(json: diagnosis)
        }
    }

    /// Over the line before it.
    private func progress(_ text: String) {
        FileHandle.standardError.write(Data("\r\u{1B}[K\(text)".utf8))
    }
}
