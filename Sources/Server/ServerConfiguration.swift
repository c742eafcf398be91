package import Broker
package import Logging
package import Storage

/// What a broker is started with, read from its configuration or made by a test.
package struct ServerConfiguration: Sendable {
    /// Where messages and sessions are kept (`node.data_dir`).
    package var dataDirectory: String
    /// How messages are stored, and what an acknowledgement promises.
    package var storage: StoreOptions
    /// `mqtt.*` and `durable_sessions.*`.
    package var sessions = SessionLimits()
    package var listeners: [Listener] = [Listener()]
    package var access = Access()
    /// Where metrics and `dstune ctl` are answered; nil for nowhere. A configuration that is read has
    /// 127.0.0.1:18083.
    package var admin: Endpoint?
    /// Of the program, for `dstune_info`.
    package var version = "unknown"
    /// What is logged, and what is more severe (`log.console.level`).
    package var logLevel = Logger.Level.info

    package init(dataDirectory: String, storage: StoreOptions) {
        self.dataDirectory = dataDirectory
        self.storage = storage
    }

    /// An address and a port to listen on; port 0 takes a free one.
    package struct Endpoint: Hashable, Sendable {
        package var host: String
        package var port: Int

        package init(host: String, port: Int) {
            self.host = host
            self.port = port
        }
    }

    /// One door for MQTT clients (`listeners.TYPE.NAME`).
    package struct Listener: Sendable {
        package enum Kind: String, CaseIterable, Sendable {
            case tcp, ssl, ws, wss

            package var isEncrypted: Bool { self == .ssl || self == .wss }
        }

        package var kind = Kind.tcp
        package var name = "default"
        /// `bind`.
        package var endpoint = Endpoint(host: "127.0.0.1", port: 1_883)
        /// Connections at once; the next one is closed.
        package var maxConnections = 1_024_000
        /// New connections per second (`max_conn_rate`); nil for no bound.
        package var maxConnectionRate: Double?
        /// A PROXY protocol header, version 1 or 2, comes before everything else (`proxy_protocol`).
        package var proxyProtocol = false
        /// How long a connection may take until its CONNECT is accepted, seconds (`mqtt.idle_timeout`).
        package var idleTimeout = 15.0
        /// Of `ssl` and `wss`.
        package var tls: TLS?
        /// Where WebSocket is upgraded to, of `ws` and `wss` (`websocket.mqtt_path`).
        package var path = "/mqtt"

        package init() {}
    }

    /// Files in PEM format (`ssl_options`).
    package struct TLS: Sendable {
        package var certificate: String
        package var key: String
        /// Who may sign clients' certificates; nil asks clients for none.
        package var clientAuthorities: String?
        /// Whether a client without a certificate is turned away (`verify`, `fail_if_no_peer_cert`).
        package var requiresClientCertificate = false

        package init(certificate: String, key: String) {
            self.certificate = certificate
            self.key = key
        }
    }

    /// Who may connect, and what they may do.
    package struct Access: Sendable {
        /// Without a user file nobody gets in unless this is set.
        package var allowsAnonymous = false
        /// Path of the file of users with hashed passwords.
        package var users: String?
        /// Path of the file of rules; nil allows everything to who got in.
        package var rules: String?
        /// A verified client certificate's common name is the user name, and no password is asked for
        /// (`mqtt.peer_cert_as_username = cn`).
        package var takesCertificateNames = false

        package init() {}
    }
}
