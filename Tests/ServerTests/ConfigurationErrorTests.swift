import Broker
import HOCON
import Knobs
import Server
import Storage
import Testing

/// What a configuration cannot say, and how it is told.
@Suite struct ConfigurationErrorTests {
    struct Case: Sendable, CustomTestStringConvertible {
        let text: String
        let says: [String]
        var testDescription: String { text }

        init(_ text: String, _ says: String...) { (self.text, self.says) = (text, says) }
    }

    static let cases: [Case] = [
        Case(
            "durable_storage.messages.rocksdb.write_bufer_size = 1",
            "did you mean `durable_storage.messages.rocksdb.write_buffer_size`"),
        Case("mqtt.max_inflght = 3", "did you mean `mqtt.max_inflight`"),
        Case("listeners.tpc.default.bind = 3", "did you mean `listeners.tcp`"),
        Case("listeners.tcp.default.bnd = 3", "did you mean `listeners.tcp.default.bind`"),
        Case(
            "mqtt.session_gc_interval = 1m", "did you mean `durable_sessions.session_gc_interval`"),
        Case("durable_session.enable = true", "did you mean `durable_sessions`"),
        Case("nothing_like_it = 1", "not a key"),
        Case("mqtt = 3", "has to be a block"),
        Case("mqtt.max_inflight { x = 1 }", "a single value, not a block"),
        Case("mqtt.max_inflight = many", "whole number", "digits"),
        Case("mqtt.max_inflight = 70000", "0 to 65535"),
        Case("mqtt.max_packet_size = 1MiB", "a size", "64MB"),
        Case("mqtt.session_expiry_interval = \"2 hours\"", "a duration", "10s"),
        Case("durable_sessions.enable = yes", "true or false"),
        Case("durable_sessions.message_retention_period = 0s", "would keep no message"),
        Case("durable_storage.messages.n_shards = 0", "n_shards"),
        Case("durable_storage.messages.backend = mnesia", "builtin_local, builtin_raft"),
        Case("durable_storage.messages.engine = emqx-4", "emqx-5.8-local"),
        Case("durable_storage.messages.acknowledge = never", "on_enqueue, on_commit"),
        Case("durable_storage.messages.sync = often", "interval:200"),
        Case("durable_storage.messages.rocksdb.write_buffer_size = 1KB", "64KB"),
        Case("listeners.tcp.a.bind = \"everywhere\"", "127.0.0.1:1883"),
        Case("listeners.tcp.a.bind = \"1.2.3.4:70000\"", "127.0.0.1:1883"),
        Case("listeners.tcp.a.max_conn_rate = fast", "1000/s"),
        Case("listeners.ssl.a.bind = 1", "lacks ssl_options.certfile"),
        Case(
            "listeners.ssl.a.ssl_options { certfile = a, keyfile = b, verify = verify_peer }",
            "cacertfile"),
        Case(
            "listeners.ssl.a.ssl_options { certfile = a, keyfile = b, fail_if_no_peer_cert = true }",
            "verify_peer"),
        Case("listeners.tcp.a.ssl_options.certfile = a", "not a key"),
        Case("listeners.ws.a.websocket.mqtt_path = mqtt", "a slash"),
        Case("log.console.level = loud", "warning"),
        Case("authentication.users = \"\"", "is empty"),
        Case(
            "durable_storage.messages.rocksdb { atomic_flush = true, enable_pipelined_write = true }",
            "does not open"),
    ]

    /// Fails if a wrong key or value is taken, or the sentence lacks its place or its remedy.
    @Test(arguments: cases) func whatCannotBeIsRefusedWithItsPlace(_ given: Case) throws {
        let error = try #require(throws: HOCONError.self) {
            _ = try ConfigurationTests.read("\n" + given.text)
        }
        #expect(error.file == "broker.conf" && error.line == 2)
        for said in given.says { #expect(error.description.contains(said), "\(error)") }
    }

    @Test func variablesWinOverTheFile() throws {
        let text = "durable_storage.messages.n_shards = 8, mqtt.max_inflight = 5"
        let loaded = try ConfigurationTests.read(
            text,
            environment: [
                "EMQX_DURABLE_STORAGE__MESSAGES__N_SHARDS": "4", "emqx_node__data_dir": "\"d\"",
                "EMQX_LISTENERS__TCP__DEFAULT__BIND": "127.0.0.1:77", "EMQX_HOST": "x",
                "EMQX_DURABLE_STORAGE__MESSAGES__ROCKSDB": "{ max_open_files = 99 }",
            ])
        #expect(loaded.configuration.storage.shards == 4)
        #expect(loaded.configuration.sessions.inflight == 5)
        #expect(loaded.configuration.dataDirectory == "d")
        #expect(loaded.configuration.listeners.map(\.endpoint.text) == ["127.0.0.1:77"])
        #expect(loaded.configuration.storage.setting["max_open_files"] == 99)
        #expect(!loaded.notes.contains { $0.sentence.contains("EMQX_HOST") })
    }

    @Test func aVariableThatNobodyKnowsIsSaidAndOneThatIsWrongIsRefused() throws {
        let stray = try ConfigurationTests.read("", environment: ["EMQX_MQTT__MAX_INFLGHT": "4"])
        #expect(stray.configuration.sessions.inflight == 32)
        let note = stray.notes.map(\.description).joined()
        #expect(
            note.contains("EMQX_MQTT__MAX_INFLGHT is ignored")
                && note.contains("`mqtt.max_inflight`"))
        let error = try #require(throws: HOCONError.self) {
            _ = try ConfigurationTests.read("", environment: ["EMQX_MQTT__MAX_INFLIGHT": "many"])
        }
        #expect(error.description.hasPrefix("EMQX_MQTT__MAX_INFLIGHT"))
    }

    /// Every path of the catalogue can be found, and none hides another.
    @Test(arguments: Knob.catalogue.map(\.articlePath)) func everyKnobIsAKey(_ path: String) throws
    {
        let knob = try #require(Knob.catalogue.first { $0.articlePath == path })
        let value = knob.spelled(knob.standard).inline
        #expect(throws: Never.self) { try ConfigurationTests.read("\(path) = \(value)") }
    }
}
