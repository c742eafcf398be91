internal import Broker
internal import MQTT

extension AdminMetric {
    private static func count(
        _ name: String, _ help: String, _ value: @escaping @Sendable (HostSnapshot) -> Int
    ) -> AdminMetric {
        AdminMetric(name, .counter, help) { [Sample(value($0.host))] }
    }

    private static func gauge(
        _ name: String, _ help: String, _ value: @escaping @Sendable (HostSnapshot) -> Int
    ) -> AdminMetric {
        AdminMetric(name, .gauge, help) { [Sample(value($0.host))] }
    }

    static let information: [AdminMetric] = [
        AdminMetric(
            "dstune_info", .gauge,
            "Always 1. What runs: the engine model, what an acknowledgement promises, when logs are synced."
        ) {
            let facts = $0.facts
            return [
                Sample(
                    1,
                    [
                        ("engine", facts.engine), ("acknowledge", facts.acknowledge),
                        ("sync", facts.sync), ("version", facts.version),
                        ("rocksdb", facts.rocksdb),
                    ])
            ]
        }
    ]

    /// Connections, sessions and what passes between them and clients. EMQX's names where EMQX counts the
    /// same (its documentation of `/api/v5/prometheus/stats`).
    static let messages: [AdminMetric] =
        [
            gauge("emqx_connections_count", "Network connections that are open.") {
                $0.connections
            },
            gauge("emqx_sessions_count", "Sessions that are kept, connected or not.") {
                $0.totals.sessions
            },
            gauge("dstune_sessions_connected", "Sessions that have a connection.") {
                $0.totals.connected
            },
            gauge("dstune_sessions_durable", "Sessions whose messages come from storage.") {
                $0.totals.durable
            },
            gauge("emqx_subscriptions_count", "Subscriptions of all sessions.") {
                $0.totals.subscriptions
            },
            gauge(
                "emqx_durable_subscriptions_count",
                "Subscriptions whose messages come from storage."
            ) { $0.totals.durableSubscriptions },
            gauge("emqx_retained_count", "Retained messages.") { $0.totals.retained },
            gauge(
                "dstune_session_queue_depth", "Deliveries of all sessions that wait for the window."
            ) { $0.totals.waiting },
            gauge("dstune_session_inflight", "Deliveries sent and not yet acknowledged.") {
                $0.totals.inflight
            },
            gauge(
                "dstune_held_acknowledgements", "Answers to clients that wait for a commit."
            ) { $0.heldAnswers },
            count("emqx_bytes_received", "Bytes of whole MQTT packets from clients.") {
                $0.received.bytes
            },
            count("emqx_bytes_sent", "Bytes of MQTT packets to clients.") { $0.sent.bytes },
            count("emqx_packets_received", "MQTT packets from clients.") { $0.received.packets },
            count("emqx_packets_sent", "MQTT packets to clients.") { $0.sent.packets },
            count("emqx_messages_received", "PUBLISH packets from clients.") {
                $0.received.messages
            },
            count("emqx_messages_sent", "PUBLISH packets to clients, repeated ones included.") {
                $0.sent.messages
            },
        ] + byQoS + packets + clients + ledger + latencies

    private static let byQoS: [AdminMetric] = (0...2).flatMap { qos in
        [
            count("emqx_messages_qos\(qos)_received", "PUBLISH packets of QoS \(qos) from clients.")
            {
                $0.received.published[qos]
            },
            count("emqx_messages_qos\(qos)_sent", "PUBLISH packets of QoS \(qos) to clients.") {
                $0.sent.published[qos]
            },
        ]
    }

    private static let packets: [AdminMetric] = [
        ("connect", PacketType.connect, true), ("puback", .puback, true), ("pubrec", .pubrec, true),
        ("pubrel", .pubrel, true), ("pubcomp", .pubcomp, true), ("subscribe", .subscribe, true),
        ("unsubscribe", .unsubscribe, true), ("pingreq", .pingreq, true),
        ("disconnect", .disconnect, true), ("puback", .puback, false), ("pubrec", .pubrec, false),
        ("pubrel", .pubrel, false), ("pubcomp", .pubcomp, false), ("suback", .suback, false),
        ("unsuback", .unsuback, false), ("disconnect", .disconnect, false),
    ].map { name, type, isReceived in
        count(
            "emqx_packets_\(name)_\(isReceived ? "received" : "sent")",
            "\(name.uppercased()) packets \(isReceived ? "from" : "to") clients."
        ) { isReceived ? $0.received[type] : $0.sent[type] }
    }

    /// What became of connections and sessions.
    private static let clients: [AdminMetric] = [
        count("emqx_client_connected", "CONNECTs that were accepted.") { $0.counters.connects },
        count("dstune_connects_refused_total", "CONNECTs that were answered with a refusal.") {
            $0.counters.refusedConnects
        },
        count(
            "dstune_connections_silent_total",
            "Connections that were silent for more than one and a half of their keep alive."
        ) { $0.counters.silent },
        count("emqx_session_resumed", "Sessions that a new connection continued.") {
            $0.counters.resumed
        },
        count("emqx_session_takenover", "Connections that ended because a newer one came.") {
            $0.counters.takenOver
        },
        count("dstune_sessions_expired_total", "Sessions that ended because their time was over.") {
            $0.counters.expiredSessions
        },
        count("dstune_sessions_restored_total", "Sessions that were there at the start.") {
            $0.counters.restored
        },
        count(
            "dstune_deliveries_too_large_total",
            "Deliveries that their subscriber does not accept, and was not sent."
        ) { $0.counters.tooLarge },
    ]

    /// What the session layer counts.
    private static let ledger: [AdminMetric] = [
        count("emqx_messages_publish", "Messages that were accepted for routing.") {
            $0.counters.published
        },
        count(
            "dstune_messages_acknowledged_total", "PUBACKs and PUBRECs sent with a success code."
        ) { $0.counters.acknowledged },
        count(
            "dstune_messages_refused_total",
            "Messages whose sender was told that storage lost them."
        ) { $0.counters.refused },
        count("dstune_messages_stored_total", "Messages that were given to storage.") {
            $0.counters.submitted
        },
        count("emqx_messages_delivered", "Deliveries to subscribers, repeated ones not included.") {
            $0.counters.delivered
        },
        count(
            "emqx_messages_dropped",
            "Deliveries that limits did not admit; of sessions that are not durable only."
        ) { $0.counters.dropped },
        count(
            "emqx_messages_dropped_no_subscribers", "Messages that nobody subscribes to."
        ) { $0.counters.unrouted },
        count(
            "dstune_deliveries_expired_total", "Deliveries whose message had expired."
        ) { $0.counters.expired },
        count(
            "dstune_retained_refused_total",
            "Messages that were not retained, because the limits did not admit it."
        ) { $0.counters.retainedRefused },
        count("dstune_packets_malformed_total", "Packets that break the protocol's format.") {
            $0.counters.malformed
        },
    ]

    private static let latencies: [AdminMetric] = [
        AdminMetric(
            "dstune_acknowledgement_seconds", .histogram,
            "From a PUBLISH packet's arrival to its PUBACK (QoS 1) or PUBREC (QoS 2) on the way to the socket."
        ) { observation in
            let facts = observation.facts
            func labels(_ packet: String) -> [(String, String)] {
                [("packet", packet), ("acknowledge", facts.acknowledge), ("sync", facts.sync)]
            }
            return [
                Sample(observation.host.puback, labels("puback")),
                Sample(observation.host.pubrec, labels("pubrec")),
            ]
        }
    ]
}
