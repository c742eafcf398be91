internal import ArgumentParser
internal import Foundation
internal import HOCON
internal import Knobs
internal import Logging
internal import Server
internal import Storage
internal import Trial

/// `dstune serve`.
struct ServeCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "serve",
        abstract: "Runs the broker on sockets.",
        discussion: """
            MQTT 3.1, 3.1.1 and 5.0 on one node, with durable sessions on RocksDB.
            The configuration is HOCON in EMQX's vocabulary; options here win over
            variables (EMQX_NODE__DATA_DIR, two underscores a level), which win over
            the file. Without a word it listens on loopback only and lets nobody in
            who has no password.

              dstune passwd users pump-7
              EMQX_AUTHENTICATION__USERS=users dstune serve --data broker-data
              dstune serve --config emqx-style.conf --allow-anonymous
              dstune serve --config broker.conf --check
              dstune serve --data d --listen 127.0.0.1:0 --admin none --allow-anonymous

            Where it listens goes to standard output, one line each, when clients may
            connect; warnings and the log go to standard error.

            Exit codes: 0 ended by SIGTERM, or the configuration is good (--check);
            2 bad configuration; 3 the environment failed (port taken, disk full);
            130 interrupted.
            """)

    @Option(help: "The configuration, HOCON in EMQX's vocabulary.")
    var config: String?
    @Option(
        help:
            "Where messages and sessions are kept; made if it is not there. (default: node.data_dir, else data)"
    )
    var data: String?
    @Option(
        help: ArgumentHelp(
            "Address and port for MQTT over TCP in place of the configuration's listeners; may be repeated. Port 0 takes a free one. (default: 127.0.0.1:1883)",
            valueName: "host:port"))
    var listen: [String] = []
    @Option(
        help: ArgumentHelp(
            "Where metrics and `dstune ctl` are answered, or none. (default: 127.0.0.1:18083)",
            valueName: "host:port|none"))
    var admin: String?
    @Option(help: "Engine model: \(EngineModel.catalogue.map(\.id).joined(separator: ", ")).")
    var engine: String?
    @Option(help: "When a publisher is told that its message was accepted: on_enqueue, on_commit.")
    var acknowledge: String?
    @Option(help: "When the log is synced: none, per_commit, interval:MILLISECONDS.")
    var sync: String?
    @Flag(help: "Let clients in that give no user name.")
    var allowAnonymous = false
    @Flag(help: "Read the configuration, say what there is to say, and end.")
    var check = false
    @Option(
        help: ArgumentHelp("Process that it ends with, of a replay.", visibility: .hidden))
    var parent: Int32?

    func run() async throws {
        if let parent { ParentWatch.start(parent: parent) }
        let loaded = try load()
        var configuration = loaded.configuration
        configuration.version = Version.current
        if check {
            for note in loaded.notes { warn(note.description) }
            Self.say("the configuration is good" + (config.map { ": \($0)" } ?? ""))
            return
        }
        let level = configuration.logLevel
        LoggingSystem.bootstrap { _ in StandardErrorLog(level: level) }
        let logger = Logger(label: "dstune")
        for note in loaded.notes { logger.warning("\(note.description)") }
        let signals = EndSignals()
        let server: BrokerServer
        do throws(ServerError) { server = try await BrokerServer(configuration) } catch {
            throw Failure(.environment, error.description)
        }
        for sentence in server.notHonoured() { logger.warning("\(sentence)") }
        let durability = configuration.storage.durability
        Self.say(
            "messages are kept in \(configuration.dataDirectory), engine \(configuration.storage.engine.id)"
        )
        Self.say(
            "acknowledged \(durability.id): after a kill an acknowledged message is there: "
                + "\(durability.promise.survivesKill); after a power loss: "
                + "\(durability.promise.survivesPowerLoss)")
        for (listener, port) in zip(configuration.listeners, server.ports) {
            var endpoint = listener.endpoint
            endpoint.port = port
            Self.say("listening on \(endpoint.text) (\(listener.kind.rawValue):\(listener.name))")
        }
        if let port = server.adminPort, let admin = configuration.admin {
            Self.say("metrics and `dstune ctl` on http://\(admin.host):\(port)")
        }
        let number = await signals.first()
        logger.info("ending", metadata: ["signal": "\(number == SIGINT ? "SIGINT" : "SIGTERM")"])
        await server.stop()
        if number == SIGINT { throw ExitCode(Failure.Code.interrupted.rawValue) }
    }

    /// The file, the variables over it and the options over them.
    private func load() throws(Failure) -> LoadedConfiguration {
        let environment = ProcessInfo.processInfo.environment
        do {
            let file = try config.map { try ConfigurationFile.load($0, environment: environment) }
            var loaded = try ServerConfiguration.read(
                file, overrides: ConfigurationOverride.all(in: environment) + options())
            if !listen.isEmpty { try loaded.configuration.listen(on: listen) }
            loaded.notes += try loaded.configuration.access.check()
            return loaded
        } catch let failure as Failure { throw failure } catch {
            throw Failure(.badInput, "\(error)")
        }
    }

    private func options() throws -> [ConfigurationOverride] {
        let messages = "durable_storage.messages"
        var options: [ConfigurationOverride] = []
        func set(_ option: String, _ path: String, _ text: String?) {
            guard let text else { return }
            options.append(ConfigurationOverride(option: option, path, .string(text)))
        }
        set("--data", "node.data_dir", data)
        set("--engine", "\(messages).engine", engine)
        set("--acknowledge", "\(messages).acknowledge", acknowledge)
        set("--sync", "\(messages).sync", sync)
        if admin == "none" {
            options.append(ConfigurationOverride(option: "--admin", "admin.enable", .bool(false)))
        } else {
            set("--admin", "admin.bind", admin)
        }
        if allowAnonymous {
            options.append(
                ConfigurationOverride(
                    option: "--allow-anonymous", "authentication.allow_anonymous", .bool(true)))
        }
        return options
    }

    /// At once, also where standard output is a file that somebody waits for.
    private static func say(_ sentence: String) {
        FileHandle.standardOutput.write(Data((sentence + "\n").utf8))
    }
}

extension ServerConfiguration {
    /// Listens there and nowhere else.
    fileprivate mutating func listen(on addresses: [String]) throws(Failure) {
        let idleTimeout = listeners.first?.idleTimeout ?? Listener().idleTimeout
        listeners = []
        for (index, address) in addresses.enumerated() {
            guard let endpoint = Endpoint(address) else {
                throw Failure(
                    .badInput, "--listen wants ADDRESS:PORT, as 127.0.0.1:1883, not `\(address)`")
            }
            var listener = Listener()
            listener.name = index == 0 ? "default" : "listen\(index + 1)"
            listener.endpoint = endpoint
            listener.idleTimeout = idleTimeout
            listeners.append(listener)
        }
    }
}

/// The first of the signals that end a server.
struct EndSignals {
    private let stream: AsyncStream<Int32>
    private let sources: [any DispatchSourceSignal]

    init() {
        let (stream, continuation) = AsyncStream.makeStream(of: Int32.self)
        self.stream = stream
        sources = [SIGINT, SIGTERM, SIGHUP].map { number in
            signal(number, SIG_IGN)
            let source = DispatchSource.makeSignalSource(signal: number, queue: .global())
            source.setEventHandler { continuation.yield(number) }
            source.resume()
            return source
        }
    }

    func first() async -> Int32 {
        for await number in stream { return number }
        return SIGTERM
    }
}
