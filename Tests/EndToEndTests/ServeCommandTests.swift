import Foundation
import TestSupport
import Testing

/// `dstune serve` and `dstune passwd` as a user runs them.
@Suite struct ServeCommandTests {
    private static let article = """
        durable_sessions {
          enable = true
          batch_size = 1000
          idle_poll_interval = "10s"
          session_gc_interval = "10m"
          message_retention_period = "4h"
        }
        durable_storage {
          messages {
            backend = builtin_raft
            n_shards = 16
            replication_factor = 3
            rocksdb {
              cache_size = "256MB"
              write_buffer_size = "64MB"
              max_open_files = 1024
            }
          }
        }
        durable_storage.messages.rocksdb {
          write_buffer_size = "128MB"
          max_write_buffer_number = 4
          min_write_buffer_number_to_merge = 2
          max_background_jobs = 6
          level0_slowdown_writes_trigger = 20
          level0_stop_writes_trigger = 36
          cache_size = "512MB"
          wal_recycle = true
          bytes_per_sync = "1MB"
        }
        """

    private static func write(_ text: String, _ scratch: ScratchDirectory) throws {
        try text.write(toFile: scratch("broker.conf"), atomically: true, encoding: .utf8)
    }

    /// Checklist 5. Fails if the article's blocks do not load, or a key that nothing honours is not said.
    @Test func theArticlesConfigurationIsGood() throws {
        let scratch = ScratchDirectory()
        try Self.write(Self.article, scratch)
        let outcome = try Command.run(
            ["serve", "--config", "broker.conf", "--check", "--allow-anonymous"], in: scratch.path)
        #expect(outcome.code == 0, "\(outcome.errors)")
        #expect(outcome.output == "the configuration is good: broker.conf\n")
        #expect(
            outcome.errors.contains("broker.conf:28:3: ") && outcome.errors.contains("wal_recycle"))
        #expect(outcome.errors.contains("one copy of every message, not 3"))
        #expect(
            try FileManager.default.contentsOfDirectory(atPath: scratch.path) == ["broker.conf"])
    }

    /// What is wrong is one sentence that names the place, with exit code 2, and nothing is opened.
    @Test func whatIsWrongIsNamedWithItsLine() throws {
        let scratch = ScratchDirectory()
        try Self.write("mqtt {\n  max_inflght = 3\n}\n", scratch)
        let cases: [([String], [String: String], String)] = [
            (["--config", "broker.conf"], [:], "broker.conf:2:3: `mqtt.max_inflght`"),
            (["--config", "nowhere.conf"], [:], "nowhere.conf:1:1: there is no such file"),
            (["--listen", "somewhere"], [:], "--listen"),
            (["--engine", "emqx-4"], [:], "--engine"), (["--sync", "often"], [:], "interval:"),
            (["--admin", "x"], [:], "--admin"),
            ([], ["EMQX_MQTT__MAX_INFLIGHT": "many"], "EMQX_MQTT__MAX_INFLIGHT"),
            ([], ["EMQX_AUTHENTICATION__USERS": "nobody"], "nobody: cannot be read"),
        ]
        for (arguments, environment, named) in cases {
            let outcome = try Command.run(
                ["serve"] + arguments, in: scratch.path, environment: environment)
            #expect(outcome.code == 2, "\(arguments) \(environment): \(outcome.errors)")
            #expect(outcome.complaints.count == 1, "\(outcome.errors)")
            #expect(outcome.complaints.first?.contains(named) == true, "\(outcome.errors)")
        }
        let left = try FileManager.default.contentsOfDirectory(atPath: scratch.path)
        #expect(left.filter { !$0.hasPrefix(".std") } == ["broker.conf"])
    }

    /// Options win over variables, which win over the file; the broker says where it listens and in which row,
    /// and ends with the code of the signal.
    @Test(arguments: [(SIGTERM, 0), (SIGINT, 130)] as [(Int32, Int32)])
    func aBrokerRunsUntilItIsTold(_ number: Int32, _ code: Int32) throws {
        let scratch = ScratchDirectory()
        try Self.write(
            """
            node.data_dir = from-file
            durable_storage.messages { n_shards = 3, acknowledge = on_enqueue }
            listeners.tcp.default.bind = "127.0.0.1:1"
            """, scratch)
        let output = scratch("out"), errors = scratch("err")
        for path in [output, errors] { try Data().write(to: URL(fileURLWithPath: path)) }
        let process = try Command.start(
            ["serve", "--config", "broker.conf", "--listen", "127.0.0.1:0", "--admin", "none"],
            in: scratch.path,
            environment: [
                "EMQX_NODE__DATA_DIR": "from-variable",
                "EMQX_DURABLE_STORAGE__MESSAGES__N_SHARDS": "2", "EMQX_MQTT__NO_SUCH": "1",
            ], errors: FileHandle(forWritingTo: URL(fileURLWithPath: errors)),
            output: FileHandle(forWritingTo: URL(fileURLWithPath: output)))
        defer { if process.isRunning { process.terminate() } }
        func said() throws -> String { try String(contentsOfFile: output, encoding: .utf8) }
        for _ in 0..<600 where process.isRunning {
            if try said().contains("listening on ") { break }
            usleep(50_000)
        }
        #expect(try said().contains("messages are kept in from-variable, engine article\n"))
        #expect(try said().contains("acknowledged on_enqueue"))
        #expect(try said().contains("listening on 127.0.0.1:"))
        #expect(try !said().contains("listening on 127.0.0.1:1 "))
        let shards = try FileManager.default.contentsOfDirectory(atPath: scratch("from-variable"))
        #expect(shards.filter { Int($0) != nil }.sorted() == ["0", "1"])
        kill(process.processIdentifier, number)
        process.waitUntilExit()
        #expect(process.terminationStatus == code && process.terminationReason == .exit)
        let log = try String(contentsOfFile: errors, encoding: .utf8)
        #expect(log.contains(" warning EMQX_MQTT__NO_SUCH is ignored"), "\(log)")
        #expect(log.contains(" warning nobody can connect"))
        #expect(!log.contains("\u{1B}"))
    }

    @Test func aPortThatIsTakenIsTheEnvironments() throws {
        let scratch = ScratchDirectory()
        let outcome = try Command.run(
            ["serve", "--listen", "127.0.0.1:0", "--listen", "203.0.113.7:1", "--admin", "none"],
            in: scratch.path)
        #expect(outcome.code == 3)
        #expect(outcome.complaints.first?.contains("203.0.113.7:1") == true, "\(outcome.errors)")
    }

    @Test func usersAreMadeFromStandardInputAndNeverShown() throws {
        let scratch = ScratchDirectory()
        func passwd(_ arguments: [String], _ input: String) throws -> (code: Int32, said: String) {
            let process = Process(), pipe = Pipe(), said = Pipe()
            process.executableURL = Command.executable
            process.arguments = ["passwd"] + arguments
            process.currentDirectoryURL = URL(fileURLWithPath: scratch.path)
            process.standardInput = pipe
            process.standardError = said
            process.standardOutput = said
            try process.run()
            try pipe.fileHandleForWriting.write(contentsOf: Data(input.utf8))
            try pipe.fileHandleForWriting.close()
            let text = String(
                decoding: said.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
            process.waitUntilExit()
            return (process.terminationStatus, text)
        }
        #expect(try passwd(["users", "pump"], "hush\n") == (0, ""))
        let made = try String(contentsOfFile: scratch("users"), encoding: .utf8)
        #expect(made.hasPrefix("pump:$scrypt$ln=15,r=8,p=1$") && !made.contains("hush"))
        let mode = try FileManager.default.attributesOfItem(atPath: scratch("users"))
        #expect(mode[.posixPermissions] as? Int == 0o600)
        #expect(try passwd(["users", "pump"], "").code == 2)
        #expect(try passwd(["users", "a:b"], "hush\n").code == 2)
        #expect(try passwd(["users", "nobody", "--delete"], "").code == 2)
        #expect(try String(contentsOfFile: scratch("users"), encoding: .utf8) == made)
        #expect(try passwd(["users", "pump", "--delete"], "").code == 0)
        #expect(try String(contentsOfFile: scratch("users"), encoding: .utf8) == "")
        chmod(scratch("users"), 0o644)
        let outcome = try Command.run(
            ["serve", "--check"], in: scratch.path,
            environment: ["EMQX_AUTHENTICATION__USERS": "users"])
        #expect(outcome.code == 0 && outcome.errors.contains("chmod 600 users"))
        #expect(outcome.errors.contains("has no users"))
    }
}
