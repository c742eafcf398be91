internal import Broker
internal import HOCON
internal import Knobs
internal import Logging
internal import Measure
internal import Storage

/// What the keys read so far amount to; the knobs come in when it is finished.
struct ConfigurationDraft {
    var dataDirectory = "data"
    var sessions = SessionLimits()
    var access = ServerConfiguration.Access()
    var admin: ServerConfiguration.Endpoint? = ServerConfiguration.Endpoint(
        host: "127.0.0.1", port: 18_083)
    var isAdminOff = false
    var logLevel = Logger.Level.info
    var isDurable = true
    /// Seconds.
    var retention: Double?
    /// Of the listener that a key belongs to, and of all.
    var idleTimeout: Double?
    var listeners: [ListenerDraft] = []
    var backend: String?
    var engine: EngineModel?
    var acknowledgement: Durability.Acknowledgement?
    var sync: Durability.Sync?
    var replication: (count: Int64, entry: HOCONObject.Entry)?

    struct ListenerDraft {
        var listener: ServerConfiguration.Listener
        var isEnabled = true
        var certificate: String?, key: String?, authorities: String?
        var verifies = false, requiresCertificate = false
        /// Where its first key stands, for what is missing.
        let entry: HOCONObject.Entry
        let path: String
    }

    /// The listener that `value`'s key, `listeners.TYPE.NAME.…`, belongs to.
    mutating func withListener(
        of value: KeyReading, _ change: (inout ListenerDraft) throws(HOCONError) -> Void
    ) throws(HOCONError) {
        guard let kind = ServerConfiguration.Listener.Kind(rawValue: value.names[1]) else {
            preconditionFailure("a listener's key names one of the kinds")
        }
        let name = value.names[2]
        let index = listeners.firstIndex { $0.listener.kind == kind && $0.listener.name == name }
        if index == nil {
            var listener = ServerConfiguration.Listener()
            listener.kind = kind
            listener.name = name
            listener.endpoint.port = kind.standardPort
            listeners.append(
                ListenerDraft(
                    listener: listener, entry: value.entry,
                    path: value.names.prefix(3).joined(separator: ".")))
        }
        try change(&listeners[index ?? listeners.count - 1])
    }

    /// The model of the storage. An engine that is named keeps its own promise; else the broker is the article's,
    /// over a log of its own per shard or over the one that Ra shares.
    var model: EngineModel {
        if let engine { return engine }
        guard backend == "builtin_raft" else { return .article }
        var model = EngineModel.emqx58Raft
        model.durability = EngineModel.article.durability
        model.sessions = EngineModel.article.sessions
        model.cpuPerMessage = .zero
        // Publishers wait for commits here as well.
        let interval = "local_write_buffer.flush_interval"
        model.standards[interval] = EngineModel.article.standards[interval]
        return model
    }

    /// - Throws: when a listener lacks what its kind needs.
    func finished(_ setting: Setting) throws(HOCONError) -> ServerConfiguration {
        let model = model
        var durability = model.durability
        if let acknowledgement { durability.acknowledgement = acknowledgement }
        if let sync { durability.sync = sync }
        var storage = StoreOptions(engine: model, setting: setting, durability: durability)
        if let retention { storage.retention = .seconds(retention) }
        var configuration = ServerConfiguration(dataDirectory: dataDirectory, storage: storage)
        configuration.sessions = sessions
        configuration.access = access
        configuration.admin = isAdminOff ? nil : admin
        configuration.logLevel = logLevel
        // Nothing outlives its connection: this broker has no sessions between those and durable ones.
        if !isDurable { configuration.sessions.largestExpiry = 0 }
        if !listeners.isEmpty {
            configuration.listeners = []
            for draft in listeners where draft.isEnabled {
                configuration.listeners.append(try draft.finished())
            }
        }
        if let idleTimeout {
            for index in configuration.listeners.indices {
                configuration.listeners[index].idleTimeout = idleTimeout
            }
        }
        return configuration
    }
}

extension ConfigurationDraft.ListenerDraft {
    func finished() throws(HOCONError) -> ServerConfiguration.Listener {
        var listener = listener
        guard listener.kind.isEncrypted else {
            guard certificate == nil, key == nil else {
                throw entry.error(
                    "`\(path)` has ssl_options and is not encrypted; name it ssl or wss")
            }
            return listener
        }
        guard let certificate, let key else {
            throw entry.error(
                "`\(path)` lacks ssl_options.\(certificate == nil ? "certfile" : "keyfile"); name the file"
            )
        }
        var tls = ServerConfiguration.TLS(certificate: certificate, key: key)
        if verifies {
            guard let authorities else {
                throw entry.error(
                    "`\(path)` has verify = verify_peer and lacks ssl_options.cacertfile, which says whose "
                        + "certificates are good")
            }
            tls.clientAuthorities = authorities
            tls.requiresClientCertificate = requiresCertificate
        } else if requiresCertificate {
            throw entry.error(
                "`\(path)` has fail_if_no_peer_cert without verify = verify_peer; write both, or neither"
            )
        }
        listener.tls = tls
        return listener
    }
}

extension ServerConfiguration.Listener.Kind {
    /// EMQX's ports.
    package var standardPort: Int {
        switch self {
        case .tcp: 1_883
        case .ssl: 8_883
        case .ws: 8_083
        case .wss: 8_084
        }
    }
}
