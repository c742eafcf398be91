internal import ArgumentParser
internal import Foundation
internal import Traffic

/// What captures are read with.
struct ReadingArguments: ParsableArguments {
    @Option(
        name: .customLong("tls-key-log"),
        help: ArgumentHelp(
            "Secrets that TLS 1.2 and 1.3 are decrypted with: a key log as SSLKEYLOGFILE makes them.",
            valueName: "file"))
    var tlsKeyLog: String?

    var options: ReadingOptions { ReadingOptions(tlsKeyLog: tlsKeyLog) }

    /// For a process that may run in another folder.
    var absolutePath: String? { tlsKeyLog.map { URL(fileURLWithPath: $0).path } }
}
