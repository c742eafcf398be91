internal import HOCON
internal import Knobs

extension ServerKey {
    /// `listeners.TYPE.NAME`.
    static let listenerKeys: [ServerKey] = ServerConfiguration.Listener.Kind.allCases.flatMap {
        kind in
        let block = "listeners.\(kind.rawValue).*"
        let isWeb = kind == .ws || kind == .wss
        return everyListener(block) + (kind.isEncrypted ? encrypted("\(block).ssl_options") : [])
            + (isWeb ? web("\(block).websocket") : [])
    }

    private static func everyListener(_ block: String) -> [ServerKey] {
        [
            listener("\(block).enable") { (draft, value) throws(HOCONError) in
                draft.isEnabled = try value.bool()
            },
            // EMQX's older name.
            listener("\(block).enabled") { (draft, value) throws(HOCONError) in
                draft.isEnabled = try value.bool()
            },
            listener("\(block).bind") { (draft, value) throws(HOCONError) in
                draft.listener.endpoint = try value.endpoint()
            },
            listener("\(block).max_connections") { (draft, value) throws(HOCONError) in
                draft.listener.maxConnections =
                    try value.count(in: 1...Int64(Int32.max)).map { Int($0) } ?? .max
            },
            listener("\(block).max_conn_rate") { (draft, value) throws(HOCONError) in
                draft.listener.maxConnectionRate = try value.rate()
            },
            listener("\(block).proxy_protocol") { (draft, value) throws(HOCONError) in
                draft.listener.proxyProtocol = try value.bool()
            },
            idle("\(block).proxy_protocol_timeout", "its header has the time that CONNECT has"),
            idle("\(block).acceptors", "one loop accepts"),
            idle("\(block).mountpoint", "topics are as clients write them", harmless: .string("")),
            idle("\(block).zone", "there is one zone", harmless: .string("default")),
            idle(
                "\(block).enable_authn", "whoever may connect is said in `authentication`",
                harmless: .bool(true)),
            idle(
                "\(block).access_rules", "addresses are the firewall's to refuse",
                harmless: .array([.string("allow all")])),
            idle("\(block).messages_rate", "a publisher is held back by storage alone"),
            idle("\(block).bytes_rate", "a publisher is held back by storage alone"),
            idle("\(block).tcp_options.**", "sockets have the system's options, without delay"),
        ]
    }

    private static func encrypted(_ block: String) -> [ServerKey] {
        [
            listener("\(block).certfile") { (draft, value) throws(HOCONError) in
                draft.certificate = try value.file()
            },
            listener("\(block).keyfile") { (draft, value) throws(HOCONError) in
                draft.key = try value.file()
            },
            listener("\(block).cacertfile") { (draft, value) throws(HOCONError) in
                draft.authorities = try value.file()
            },
            listener("\(block).verify") { (draft, value) throws(HOCONError) in
                draft.verifies = try value.choice([("verify_none", false), ("verify_peer", true)])
            },
            listener("\(block).fail_if_no_peer_cert") { (draft, value) throws(HOCONError) in
                draft.requiresCertificate = try value.bool()
            },
            idle("\(block).versions", "TLS 1.2 and 1.3 are spoken"),
            idle("\(block).ciphers", "the TLS library's own are used", harmless: .array([])),
            idle("\(block).depth", "the TLS library's own bound is used"),
            idle("\(block).handshake_timeout", "the handshake has the time that CONNECT has"),
            idle("\(block).reuse_sessions", "the TLS library decides"),
            idle("\(block).secure_renegotiate", "nothing is renegotiated"),
            idle("\(block).client_renegotiation", "nothing is renegotiated"),
            idle("\(block).honor_cipher_order", "the TLS library decides"),
        ]
    }

    private static func web(_ block: String) -> [ServerKey] {
        [
            listener("\(block).mqtt_path") { (draft, value) throws(HOCONError) in
                let path = try value.text()
                guard path.hasPrefix("/") else {
                    throw value.entry.error(
                        "`\(value.path)` has to begin with a slash; write it like \"/mqtt\"")
                }
                draft.listener.path = path
            }
        ]
            + [
                "allow_origin_absence", "check_origin_enable", "check_origins", "compress",
                "fail_if_no_subprotocol", "idle_timeout", "max_frame_size", "mqtt_piggyback",
                "proxy_address_header", "proxy_port_header", "supported_subprotocols",
                "deflate_opts.**", "validate_utf8",
            ].map { idle("\(block).\($0)", "frames are held to the size of a packet") }
    }

    private static func listener(
        _ path: String,
        _ set:
            @escaping @Sendable (inout ConfigurationDraft.ListenerDraft, KeyReading)
            throws(HOCONError) -> Void
    ) -> ServerKey {
        key(path) { (draft, value) throws(HOCONError) in
            try draft.withListener(of: value) { (listener) throws(HOCONError) in
                try set(&listener, value)
            }
        }
    }

    /// Who gets in, and what they may do: this tool's own words, because EMQX keeps both in databases.
    static let accessKeys: [ServerKey] = [
        flag("authentication.allow_anonymous") { $0.access.allowsAnonymous = $1 },
        key("authentication.users") { (draft, value) throws(HOCONError) in
            draft.access.users = try value.file()
        },
        key("authorization.rules") { (draft, value) throws(HOCONError) in
            draft.access.rules = try value.file()
        },
        idle(
            "authorization.no_match", "what no rule is about is denied once there are rules",
            harmless: .string("deny")),
        idle(
            "authorization.deny_action", "a denied packet is answered and the client stays",
            harmless: .string("ignore")),
        idle("authorization.cache.**", "rules are in memory"),
    ]
}
