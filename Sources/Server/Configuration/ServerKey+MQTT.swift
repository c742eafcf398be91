internal import Broker
internal import HOCON
internal import Knobs
internal import MQTT
internal import Measure

extension ServerKey {
    /// `mqtt`: what clients may ask for (reference 6).
    static let mqttKeys: [ServerKey] = [
        count("mqtt.max_inflight", 0...65_535) { draft, count in
            // 0 is the protocol's own bound, as in EMQX.
            draft.sessions.inflight = count == 0 ? 65_535 : count
        },
        key("mqtt.max_mqueue_len") { (draft, value) throws(HOCONError) in
            draft.sessions.queue = try value.count(in: 0...Int64(Int32.max)).map { Int($0) } ?? .max
        },
        key("mqtt.max_awaiting_rel") { (draft, value) throws(HOCONError) in
            draft.sessions.awaitingRelease =
                try value.count(in: 1...65_535).map { Int($0) } ?? 65_535
        },
        duration("mqtt.session_expiry_interval", mayBeInfinite: true) { draft, time in
            draft.sessions.expiryBeforeVersion5 = seconds(time) ?? .max
        },
        // 268,435,460 bytes: the largest packet that its length field can say (2.1.4).
        bytes("mqtt.max_packet_size", 1...268_435_460) { $0.sessions.packetBytes = $1 },
        duration("mqtt.idle_timeout", mayBeInfinite: true) { draft, time in
            draft.idleTimeout = time.map { Double($0) / 1_000 } ?? .infinity
        },
        key("mqtt.peer_cert_as_username") { (draft, value) throws(HOCONError) in
            draft.access.takesCertificateNames = try value.choice([
                ("disabled", false), ("cn", true),
            ])
        },
        key("mqtt.max_qos_allowed") { (draft, value) throws(HOCONError) in
            let highest = try value.integer(in: 0...2)
            draft.sessions.maximumQoS = QoS(rawValue: UInt8(highest)) ?? .exactlyOnce
        },
        flag("mqtt.retain_available") { $0.sessions.retainAvailable = $1 },
        flag("mqtt.wildcard_subscription") { $0.sessions.wildcardSubscriptions = $1 },
        flag("mqtt.shared_subscription") { $0.sessions.sharedSubscriptions = $1 },
        // A topic has at most as many levels as bytes.
        count("mqtt.max_topic_levels", 1...65_535) { $0.sessions.topicLevels = $1 },
        key("mqtt.max_subscriptions") { (draft, value) throws(HOCONError) in
            draft.sessions.subscriptions =
                try value.count(in: 1...Int64(Int32.max)).map { Int($0) } ?? .max
        },
        duration("mqtt.message_expiry_interval", mayBeInfinite: true) { draft, time in
            draft.sessions.messageExpiry = seconds(time)
        },
        // This tool's own: no client keeps a session for longer.
        duration("mqtt.session_expiry_limit", mayBeInfinite: true) { draft, time in
            draft.sessions.largestExpiry = seconds(time) ?? .max
        },
        key("mqtt.server_keepalive") { (draft, value) throws(HOCONError) in
            guard value.entry.value != .string("disabled") else {
                draft.sessions.serverKeepAlive = nil
                return
            }
            draft.sessions.serverKeepAlive = UInt16(try value.integer(in: 1...65_535))
        },
        key("mqtt.keepalive_multiplier") { (draft, value) throws(HOCONError) in
            draft.sessions.keepAliveMultiplier = try value.number(in: 1...100)
        },
        count("mqtt.max_topic_alias", 0...65_535) { $0.sessions.topicAliasesIn = UInt16($1) },
        key("mqtt.await_rel_timeout") { (draft, value) throws(HOCONError) in
            draft.sessions.awaitReleaseTimeout = .milliseconds(max(1, try value.duration() ?? 0))
        },
        key("mqtt.response_information") { (draft, value) throws(HOCONError) in
            let text = try value.text()
            draft.sessions.responseInformation = text.isEmpty ? nil : text
        },
        idle(
            "mqtt.retry_interval",
            "nothing is sent again before the client reconnects, as the "
                + "specification has it", harmless: .string("infinity")),
        idle("mqtt.keepalive_check_interval", "each connection is looked at when its time is up"),
        idle("mqtt.exclusive_subscription", "there are none", harmless: .bool(false)),
        idle(
            "mqtt.ignore_loop_deliver", "write No Local in the subscription", harmless: .bool(false)
        ),
        idle(
            "mqtt.strict_mode", "every packet is held to the specification", harmless: .bool(true)),
        idle(
            "mqtt.upgrade_qos", "messages have the lower QoS of both sides", harmless: .bool(false)),
        idle("mqtt.use_username_as_clientid", "clients name themselves", harmless: .bool(false)),
        idle(
            "mqtt.peer_cert_as_clientid", "clients name themselves", harmless: .string("disabled")),
        idle("mqtt.mqueue_priorities", "queues have no priorities", harmless: .string("disabled")),
        idle("mqtt.mqueue_default_priority", "queues have no priorities"),
        idle("mqtt.shared_subscription_strategy", "a group's members take turns"),
        idle("mqtt.shared_subscription_initial_sticky_pick", "a group's members take turns"),
        idle("mqtt.max_clientid_len", "client ids may have the 65,535 bytes of the protocol"),
    ]

    /// `retainer`.
    static let retainerKeys: [ServerKey] = [
        retained("retainer.backend.max_retained_messages"),
        retained("retainer.max_retained_messages"),
        bytes("retainer.max_payload_size", 1...268_435_460) { $0.sessions.retainedPayload = $1 },
        duration("retainer.msg_expiry_interval", mayBeInfinite: true) { draft, time in
            // 0 is for ever, as in EMQX.
            draft.sessions.retainedExpiry = time == 0 ? nil : seconds(time)
        },
        // Off, no publisher may retain.
        flag("retainer.enable") { if !$1 { $0.sessions.retainAvailable = false } },
        idle(
            "retainer.msg_clear_interval",
            "what has expired is not delivered, and goes when it is met"),
        idle(
            "retainer.stop_publish_clear_msg", "an empty retained message is delivered, and clears",
            harmless: .bool(false)),
        idle("retainer.delivery_rate", "a subscriber's own window is the bound"),
        idle("retainer.flow_control.**", "a subscriber's own window is the bound"),
        idle("retainer.backend.type", "there is one", harmless: .string("built_in_database")),
        idle("retainer.backend.enable", "there is one", harmless: .bool(true)),
        idle(
            "retainer.backend.storage_type", "retained messages are on disk",
            harmless: .string("disc")),
        idle("retainer.backend.index_specs", "topics have one index"),
    ]

    /// `durable_sessions`: of what outlives its connection. What EMQX has beside these does nothing here.
    static let sessionKeys: [ServerKey] = [
        flag("durable_sessions.enable") { $0.isDurable = $1 },
        count("durable_sessions.batch_size", 1...1_000_000) { $0.sessions.readAhead = $1 },
        key("durable_sessions.idle_poll_interval") { (draft, value) throws(HOCONError) in
            draft.sessions.idlePoll = .milliseconds(max(1, try value.duration() ?? 0))
        },
        key("durable_sessions.session_gc_interval") { (draft, value) throws(HOCONError) in
            draft.sessions.sessionCollection = .milliseconds(max(1, try value.duration() ?? 0))
        },
        key("durable_sessions.message_retention_period") { (draft, value) throws(HOCONError) in
            guard let time = try value.duration(), time > 0 else {
                throw value.entry.error(
                    "`\(value.path)` is 0, which would keep no message; write it like \"4h\"")
            }
            draft.retention = Double(time) / 1_000
        },
    ]

    private static func retained(_ path: String) -> ServerKey {
        key(path) { (draft, value) throws(HOCONError) in
            let count = try value.count(in: 0...Int64(Int32.max))
            // 0 is without bound, as in EMQX.
            draft.sessions.retainedMessages = count.flatMap { $0 == 0 ? nil : Int($0) } ?? .max
        }
    }

    /// Whole seconds of milliseconds, at least one unless it is zero; nil stays nil.
    static func seconds(_ milliseconds: Int64?) -> UInt32? {
        milliseconds.map { UInt32(clamping: ($0 + 999) / 1_000) }
    }
}
