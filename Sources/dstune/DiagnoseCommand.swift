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
            messages. Layouts of EMQX 5.8 to 5.10 and of EMQX 6 are understood, told
            by the names of the column families and by the rows; rows of others are
            counted.

              dstune diagnose /var/lib/emqx
              dstune diagnose /var/lib/emqx/messages/3 --format json
              dstune diagnose /mnt/snapshot --sample 1000000 --redact

            --redact hides topic levels, client ids and payloads, also where RocksDB
            quotes keys; paths stay.

            Keys of --format json:
              directory, scheme (emqx-5, emqx-6, shard), read_by_rocksdb
              total       of all shards: rows, levels (level, files, bytes), files,
                          logs, oldest_us, newest_us (of messages, since 1970), model
                .rows     data_puts, key_bytes (without the trie), value_bytes,
                          index_puts, index_level_N, streams, trie_puts, trie_bytes,
                          other_rows
                .files    sst, wal, manifest, log, other, each with files, bytes,
                          allocated_bytes, unused_bytes (beyond the end of the file)
                .logs     files, files_cut_short, first, last (the broker's local
                          time), rocksdb_versions, warnings, stall_s,
                          stalls_in_statistics, flushes, compactions (count,
                          input_bytes, output_bytes, reasons), errors, last_error
                .model    predicted (as rows), values_identical, values_same_size,
                          values_other_size, differs, differences (what, found,
                          predicted)
              shards      shard, path, summary (as total), column_families,
                          rocksdb_version, option_differences (option, column_family,
                          found, emqx), warnings, generations
                .generations  generation, format (layout, key_scheme, value_format,
                          atom_encodings), rows, levels, oldest_us, newest_us, topics,
                          sampled, estimated_rows, model, not_compared (why)
              topics      pattern (varying levels are +), streams, messages
              findings    rule, severity (error, warning, info), count, examples, advice

            Exit codes: 0 it could be read, whatever was found; 2 not a data
            directory, damaged, or held by a broker; 3 a file could not be read.
            """)

    @Argument(help: "The data directory, its messages, or one shard.") var directory: String
    @Option(help: "Rows of messages to read of each generation of a shard, at most.")
    var sample: Int?
    @Flag(help: "Leave topic levels, client ids and payloads out.") var redact = false
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
