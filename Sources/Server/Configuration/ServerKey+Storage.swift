internal import HOCON
internal import Knobs
internal import Logging
internal import Storage

extension ServerKey {
    /// `durable_storage.messages` beside its knobs: `engine`, `acknowledge` and `sync` are this tool's own.
    static let storageKeys: [ServerKey] = [
        key("durable_storage.messages.backend") { (draft, value) throws(HOCONError) in
            draft.backend = try value.choice(
                ["builtin_local", "builtin_raft"].map { ($0, $0) })
        },
        key("durable_storage.messages.engine") { (draft, value) throws(HOCONError) in
            draft.engine = try value.choice(EngineModel.catalogue.map { ($0.id, $0) })
        },
        key("durable_storage.messages.acknowledge") { (draft, value) throws(HOCONError) in
            draft.acknowledgement = try value.choice(
                Durability.Acknowledgement.allCases.map { ($0.rawValue, $0) })
        },
        key("durable_storage.messages.sync") { (draft, value) throws(HOCONError) in
            guard let sync = Durability.Sync(try value.text()) else {
                throw value.entry.error(
                    "`\(value.path)` has to be none, per_commit or interval:MILLISECONDS, not "
                        + "\(value.entry.value.inline); write it like \"interval:200\"")
            }
            draft.sync = sync
        },
        key("durable_storage.messages.replication_factor") { (draft, value) throws(HOCONError) in
            draft.replication = (try value.integer(in: 1...1_000), value.entry)
        },
    ]

    /// `node`, `cluster`, `dashboard`, `admin` and `log`.
    static let nodeKeys: [ServerKey] =
        [
            key("node.data_dir") { (draft, value) throws(HOCONError) in
                draft.dataDirectory = try value.file()
            },
            key("admin.bind") { (draft, value) throws(HOCONError) in
                draft.admin = try value.endpoint()
            },
            key("admin.enable", admin),
            key("dashboard.listeners.http.bind") { (draft, value) throws(HOCONError) in
                // EMQX switches its dashboard off so.
                if value.entry.value == .number("0") {
                    draft.isAdminOff = true
                } else {
                    draft.admin = try value.endpoint()
                }
            },
            key("dashboard.listeners.http.enable", admin),
            key("log.level", level), key("log.console.level", level),
            idle("log.console.enable", "the log goes to standard error", harmless: .bool(true)),
            idle("log.console.formatter", "there is one form", harmless: .string("text")),
            idle("log.console.time_offset", "times are in UTC", harmless: .string("utc")),
            idle("log.file.**", "the log goes to standard error: keep it with the service manager"),
            idle(
                "dashboard.listeners.https.**",
                "metrics are answered without encryption, on loopback"),
        ]
        + ["default_username", "default_password", "token_expired_time", "password_expired_time"]
        .map {
            idle("dashboard.\($0)", "there is no dashboard to log in to")
        }
        + [
            "name", "cookie", "role", "process_limit", "max_ports", "dist_buffer_size",
            "dist_net_ticktime",
        ]
        .map { idle("node.\($0)", "this is not an Erlang node") }
        + [
            "name", "discovery_strategy", "core_nodes", "autoclean", "autoheal", "proto_dist",
            "static.seeds", "dns.name", "dns.record_type",
        ].map { idle("cluster.\($0)", "this broker is one node") }

    @Sendable private static func admin(
        _ draft: inout Draft, _ value: KeyReading
    ) throws(HOCONError) { draft.isAdminOff = try !value.bool() }

    /// The levels of EMQX; swift-log has no two above `critical`.
    @Sendable private static func level(
        _ draft: inout Draft, _ value: KeyReading
    ) throws(HOCONError) {
        draft.logLevel = try value.choice(
            Logger.Level.allCases.map { ($0.rawValue, $0) }
                + [("alert", .critical), ("emergency", .critical)])
    }
}
