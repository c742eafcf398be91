/// Why a data directory could not be diagnosed: one sentence, naming the place and what to do.
package enum DiagnoseError: Error, Equatable, Sendable, CustomStringConvertible {
    case notADataDirectory(String, String)
    /// Data of two lines of EMQX versions, or of several nodes.
    case several([String])
    /// A process has the shard open; its id is 0 if the kernel will not say.
    case held(String, process: Int32)
    case unreadable(String, String)
    /// RocksDB's refusal, in its own words, which name the file.
    case shard(number: Int, path: String, RocksError)

    /// Whether the machine failed, not what it was given.
    package var isEnvironment: Bool {
        switch self {
        case .notADataDirectory, .several, .held: false
        case .unreadable: true
        // `rocksdb::Status::kIOError`; the other refusals are about what the files hold.
        case .shard(_, _, let error): error.code == 5
        }
    }

    package var description: String {
        switch self {
        case .notADataDirectory(let path, let why):
            "\(path): no EMQX data directory (\(why)); name node.data_dir, its messages directory, or one shard"
        case .several(let paths):
            "several stores of messages were found, name one of them: \(paths.joined(separator: ", "))"
        case .held(let path, let process):
            "\(path): a process\(process > 0 ? " (\(process))" : "") has it open; stop the broker, or diagnose a copy "
                + "or snapshot of the directory"
        case .unreadable(let path, let why): "\(path): \(why)"
        case .shard(let number, let path, let error):
            "shard \(number) (\(path)) cannot be read: \(error); restore that file, or leave the shard out by naming "
                + "the others one at a time"
        }
    }
}
