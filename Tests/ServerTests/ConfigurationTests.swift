import Broker
import Foundation
import HOCON
import Knobs
import Logging
import MQTT
import Measure
import Server
import Storage
import TestSupport
import Testing

/// What keys amount to, and what is said about them.
@Suite struct ConfigurationTests {
    static func read(
        _ text: String, environment: [String: String] = [:]
    ) throws -> LoadedConfiguration {
        try ServerConfiguration.read(
            HOCONValue(parsing: text, file: "broker.conf"),
            overrides: ConfigurationOverride.all(in: environment))
    }

    /// The article's two blocks.
    static let article = """
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
        """
    static let tuned = """
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

    /// Checklist 5. Fails if a key of the article is unknown, or one of them turns nothing.
    @Test func theArticlesBlocksLoadAsTheyStand() throws {
        let loaded = try Self.read(Self.article + "\n" + Self.tuned)
        let configuration = loaded.configuration
        #expect(configuration.isDurable)
        #expect(configuration.sessions.readAhead == 1_000)
        #expect(configuration.sessions.idlePoll == .seconds(10))
        #expect(configuration.sessions.sessionCollection == .seconds(600))
        let storage = configuration.storage
        #expect(storage.retention == .seconds(4 * 3_600))
        #expect(storage.shards == 16)
        #expect(storage.engine.id == "emqx-5.8-raft")
        #expect(storage.durability == EngineModel.article.durability)
        let setting = storage.setting
        #expect(setting["write_buffer_size"] == 128 << 20)
        #expect(setting["block_cache"] == 512 << 20)
        #expect(setting["max_open_files"] == 1_024)
        #expect(setting["max_background_jobs"] == 6)
        #expect(setting["max_write_buffer_number"] == 4)
        #expect(setting["bytes_per_sync"] == 1 << 20)
        let said = loaded.notes.map(\.description).joined(separator: "\n")
        #expect(said.contains("wal_recycle") && said.contains("recycles no WAL files"))
        #expect(said.contains("replication_factor` is 3") && said.contains("one node"))
    }

    /// Alone, the second block turns every one of its knobs but the one that no RocksDB of this line honours.
    @Test func theTunedBlockIsLiveInTheArticlesEngine() throws {
        let loaded = try Self.read(Self.tuned)
        #expect(loaded.configuration.storage.engine.id == "article")
        #expect(loaded.configuration.storage.setting["min_write_buffer_number_to_merge"] == 2)
        #expect(loaded.configuration.storage.setting["recycle_log_file_num"] == 0)
        let about = loaded.notes.compactMap(\.position)
        #expect(about.map(\.line) == [9], "\(loaded.notes)")
    }

    /// The crash that the linked RocksDB has is not had: the key is left alone, and said.
    @Test func aFatalCombinationIsLeftAlone() throws {
        let loaded = try Self.read(
            "durable_storage.messages.rocksdb { wal_recycle = true, wal_recovery_mode = kSkipAnyCorruptedRecords }"
        )
        #expect(loaded.configuration.storage.setting["recycle_log_file_num"] == 0)
        #expect(loaded.configuration.storage.setting["wal_recovery_mode"] == 3)
        #expect(loaded.notes.contains { $0.sentence.contains("stays off") })
    }

    /// What the tool writes for its own broker, every knob in it.
    @Test func theToolsOwnFileLoads() throws {
        var setting = EngineModel.article.standardSetting
        setting["write_buffer_size"] = 32 << 20
        setting["n_shards"] = 4
        let text = setting.emqxStyleConf(header: ["x"]).rendered()
        let loaded = try Self.read(text)
        #expect(loaded.configuration.storage.setting == setting.effective)
        let example = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
            .deletingLastPathComponent().deletingLastPathComponent()
            .appendingPathComponent("Reports/example/emqx-style.conf").path
        _ = try ServerConfiguration.read(ConfigurationFile.load(example, environment: [:]))
    }

    /// Checklist 4. Fails if a default opens a door.
    @Test func withoutAWordOnlyThisMachineIsServedAndNobodyAnonymous() throws {
        let loaded = try ServerConfiguration.read(nil)
        #expect(loaded.configuration.listeners.map(\.endpoint.text) == ["127.0.0.1:1883"])
        #expect(loaded.configuration.admin?.isLoopback == true)
        #expect(!loaded.configuration.access.allowsAnonymous)
        #expect(loaded.notes.contains { $0.sentence.contains("nobody can connect") })
        for text in ["listeners.tcp.a.bind = 1884", "listeners.tcp.a.bind = \":1884\""] {
            let endpoint = try Self.read(text).configuration.listeners[0].endpoint
            #expect(endpoint.text == "127.0.0.1:1884")
        }
        let open = try Self.read(
            "listeners.ws.a.bind = \"0.0.0.0:80\", authentication.allow_anonymous = true")
        #expect(open.notes.contains { $0.sentence.contains("0.0.0.0:80") })
    }

    /// Checklist 8. Fails if one copy is taken for several without a word.
    @Test func replicationOnOneNodeIsSaid() throws {
        let alone = "durable_storage.messages { backend = builtin_raft, replication_factor = 1 }"
        #expect(try !Self.read(alone).notes.contains { $0.sentence.contains("replication") })
        let three = "durable_storage.messages { backend = builtin_raft, replication_factor = 3 }"
        let note = try #require(
            try Self.read(three).notes.first { $0.sentence.contains("replication") })
        #expect(note.sentence.contains("one copy of every message, not 3"))
        #expect(note.position?.line == 1)
    }

    @Test func theEngineIsTheOneNamedAndKeepsItsPromise() throws {
        let named = try Self.read("durable_storage.messages.engine = emqx-5.8-local")
        #expect(named.configuration.storage.durability == EngineModel.emqx58Local.durability)
        let told = try Self.read(
            "durable_storage.messages { engine = emqx-5.8-local, acknowledge = on_commit, sync = \"interval:50\" }"
        )
        #expect(told.configuration.storage.durability.acknowledgement == .onCommit)
        #expect(told.configuration.storage.durability.sync == .interval(.milliseconds(50)))
        let local = try Self.read("durable_storage.messages.backend = builtin_local")
        #expect(local.configuration.storage.engine.id == "article")
        let idle = try Self.read(
            "durable_storage.messages { engine = emqx-6.0-local, local_write_buffer.max_items = 10 }"
        )
        #expect(idle.notes.contains { $0.sentence.contains("does nothing with the engine") })
    }

    @Test func listenersAreRead() throws {
        let text = """
            mqtt.idle_timeout = 3s
            listeners.tcp.default { bind = "[::1]:1999", max_connections = 7, max_conn_rate = "600/m", proxy_protocol = true }
            listeners.tcp.other { enable = false, bind = 1 }
            listeners.ssl.default {
              ssl_options { certfile = "c.pem", keyfile = "/k.pem", cacertfile = "a.pem", verify = verify_peer
                            fail_if_no_peer_cert = true }
            }
            listeners.ws.web.websocket.mqtt_path = "/m"
            """
        let value = try HOCONValue(parsing: text, file: "etc/broker.conf")
        let listeners = try ServerConfiguration.read(value).configuration.listeners
        #expect(listeners.map(\.kind) == [.tcp, .ssl, .ws])
        #expect(listeners[0].endpoint == ServerConfiguration.Endpoint(host: "::1", port: 1_999))
        #expect(listeners[0].maxConnections == 7 && listeners[0].maxConnectionRate == 10)
        #expect(listeners[0].proxyProtocol && listeners.allSatisfy { $0.idleTimeout == 3 })
        #expect(listeners[1].endpoint.text == "127.0.0.1:8883")
        #expect(listeners[1].tls?.certificate == "etc/c.pem" && listeners[1].tls?.key == "/k.pem")
        #expect(listeners[1].tls?.clientAuthorities == "etc/a.pem")
        #expect(listeners[1].tls?.requiresClientCertificate == true)
        #expect(listeners[2].path == "/m" && listeners[2].endpoint.port == 8_083)
    }

    @Test func theRestIsRead() throws {
        let text = """
            node.data_dir = here
            admin.bind = "127.0.0.1:9"
            log.console.level = debug
            authentication { users = "u", allow_anonymous = false }
            authorization.rules = "r"
            mqtt { max_packet_size = 2KB, session_expiry_interval = 1h, max_inflight = 0, peer_cert_as_username = cn }
            node.name = "a@b"
            """
        let loaded = try Self.read(text)
        let configuration = loaded.configuration
        #expect(configuration.dataDirectory == "here")
        #expect(configuration.admin == ServerConfiguration.Endpoint(host: "127.0.0.1", port: 9))
        #expect(configuration.logLevel == .debug)
        #expect(configuration.access.users == "u" && configuration.access.rules == "r")
        #expect(configuration.access.takesCertificateNames)
        #expect(configuration.sessions.packetBytes == 2_048)
        #expect(configuration.sessions.expiryBeforeVersion5 == 3_600)
        #expect(configuration.sessions.inflight == 65_535)
        #expect(
            loaded.notes.map(\.description).joined().contains(
                "broker.conf:7:1: `node.name` does nothing"))
        #expect(try Self.read("dashboard.listeners.http.bind = 0").configuration.admin == nil)
        #expect(try Self.read("admin.enable = false").configuration.admin == nil)
    }

    /// Section 6 of the reference: what a client may ask for. Fails if a key of it turns nothing, or another.
    @Test func theLimitsOfClientsAreRead() throws {
        let text = """
            mqtt {
              max_qos_allowed = 1, retain_available = false, wildcard_subscription = false, shared_subscription = false
              max_topic_levels = 9, max_subscriptions = 8, message_expiry_interval = 90s, session_expiry_limit = 1d
              server_keepalive = 30, keepalive_multiplier = 2, max_topic_alias = 3, await_rel_timeout = 5s
              response_information = "r/", max_mqueue_len = infinity, max_awaiting_rel = 4
            }
            retainer { max_payload_size = 1KB, backend.max_retained_messages = 0, msg_expiry_interval = 2s }
            durable_sessions.session_gc_interval = 1m
            """
        let sessions = try Self.read(text).configuration.sessions
        #expect(sessions.maximumQoS == .atLeastOnce && !sessions.retainAvailable)
        #expect(!sessions.wildcardSubscriptions && !sessions.sharedSubscriptions)
        #expect(sessions.topicLevels == 9 && sessions.subscriptions == 8)
        #expect(sessions.messageExpiry == 90 && sessions.largestExpiry == 86_400)
        #expect(sessions.serverKeepAlive == 30 && sessions.keepAliveMultiplier == 2)
        #expect(sessions.topicAliasesIn == 3 && sessions.awaitReleaseTimeout == .seconds(5))
        #expect(sessions.responseInformation == "r/" && sessions.queue == .max)
        #expect(sessions.awaitingRelease == 4 && sessions.retainedPayload == 1_024)
        #expect(sessions.retainedMessages == .max && sessions.retainedExpiry == 2)
        #expect(sessions.sessionCollection == .seconds(60))
        let standard = try Self.read(
            "mqtt { server_keepalive = disabled, message_expiry_interval = infinity, max_subscriptions = infinity }"
        ).configuration.sessions
        #expect(standard.serverKeepAlive == nil && standard.messageExpiry == nil)
        #expect(try !Self.read("retainer.enable = false").configuration.sessions.retainAvailable)
    }
}
