internal import ArgumentParser
internal import Dispatch
internal import Foundation
internal import HOCON
internal import Tap

struct RecordCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "record",
        abstract: "Pass MQTT on to a broker and write what goes by into a trace.",
        discussion: """
            For those who may not run tcpdump: point clients at --listen instead of at
            the broker, and stop with Ctrl-C, which finishes the file. Plain MQTT and
            MQTT over WebSocket are recorded; what is encrypted is passed on only.

              dstune record --output monday.dstrace
              dstune record --listen 127.0.0.1:1884 --upstream broker.example:1883 \\
                --output recordings --rotate-size 256MB --rotate-every 1h
              dstune inspect recordings

            Without --listen it hears loopback only. Passwords are never written, and
            files are made with mode 0600. While the broker is away clients are closed,
            as it would close them; the proxy stays. If the disk is full it goes on
            passing traffic and says so; the exit code is 3 then.

            Where it listens goes to standard output once clients may connect.
            Exit codes: 0 ended by SIGTERM or Ctrl-C, and the files are whole; 2 bad
            usage; 3 the environment failed (port taken, file not writable, disk full).
            """)

    @Option(
        help: ArgumentHelp(
            "Address and port for clients; port 0 takes a free one.", valueName: "host:port"))
    var listen = "127.0.0.1:1884"
    @Option(help: ArgumentHelp("Address and port of the broker.", valueName: "host:port"))
    var upstream = "127.0.0.1:1883"
    @Option(
        help: ArgumentHelp(
            "The trace file, or a folder that gets files named by the time.",
            valueName: "file|folder"))
    var output: String
    @Option(help: "Begin another file after so many bytes, as 256MB.")
    var rotateSize: String?
    @Option(help: "Begin another file after so long, as 1h.")
    var rotateEvery: String?

    func run() async throws {
        let configuration = try configuration()
        let signals = EndSignals()
        let tap: TapServer
        do throws(TapError) { tap = try await TapServer(configuration) { warn($0) } } catch {
            throw Failure(.environment, error.description)
        }
        var address = configuration.listen
        address.port = tap.port
        Self.say("listening on \(address), passing on to \(configuration.upstream)")
        _ = await signals.first()
        let summary = await tap.stop()
        Self.say(
            "recorded \(summary.connections) connections in \(summary.bytes) bytes: "
                + (summary.files.isEmpty ? "no file" : summary.files.joined(separator: ", ")))
        if summary.malformedPackets > 0 {
            warn("\(summary.malformedPackets) packets were malformed and are not in the trace")
        }
        if let failure = summary.failure { throw Failure(.environment, failure) }
    }

    private func configuration() throws(Failure) -> TapConfiguration {
        var configuration = TapConfiguration(
            listen: try address(listen, "--listen"), upstream: try address(upstream, "--upstream"),
            output: isFolder ? .folder(output) : .file(output))
        if let rotateSize {
            let size = try value(rotateSize, "--rotate-size") { entry throws(HOCONError) in
                try entry.bytes("--rotate-size")
            }
            configuration.rotation.size = Int(size)
        }
        if let rotateEvery {
            let time = try value(rotateEvery, "--rotate-every") { entry throws(HOCONError) in
                try entry.duration("--rotate-every")
            }
            configuration.rotation.seconds = Double(time) / 1_000
        }
        return configuration
    }

    private var isFolder: Bool {
        var isFolder: ObjCBool = false
        let isThere = FileManager.default.fileExists(atPath: output, isDirectory: &isFolder)
        return output.hasSuffix("/") || isThere && isFolder.boolValue
            || !isThere && (rotateSize ?? rotateEvery) != nil && !output.contains(".")
    }

    private func address(
        _ text: String, _ option: String
    ) throws(Failure) -> TapConfiguration.Address {
        guard let address = TapConfiguration.Address(text) else {
            throw Failure(
                .badInput, "\(option) wants ADDRESS:PORT, as 127.0.0.1:1883, not `\(text)`")
        }
        return address
    }

    /// A positive size or duration in EMQX's notation.
    private func value(
        _ text: String, _ option: String,
        _ read: (HOCONObject.Entry) throws(HOCONError) -> Int64
    ) throws(Failure) -> Int64 {
        let isNumber = !text.isEmpty && text.utf8.allSatisfy { 0x30...0x39 ~= $0 }
        let number = try? HOCONValue(
            parsing: Array("value = \(isNumber ? text : "\"\(text)\"")".utf8), file: option)
        guard let entry = number?.entry(at: "value"), let value = try? read(entry), value > 0 else {
            throw Failure(
                .badInput, "\(option) wants a size like 256MB or a duration like 1h, not `\(text)`")
        }
        return value
    }

    /// At once, also where standard output is a file that somebody waits for.
    private static func say(_ sentence: String) {
        FileHandle.standardOutput.write(Data((sentence + "\n").utf8))
    }
}
