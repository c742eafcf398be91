package import MQTT
package import Measure

/// Bounds on what clients can make the broker keep; EMQX 5.8's defaults (reference section 6).
package struct SessionLimits: Sendable {
    /// Caps a client's Receive Maximum (`mqtt.max_inflight`).
    package var inflight = 32
    /// Messages that wait for the window of a session that is not durable (`mqtt.max_mqueue_len`).
    package var queue = 1_000
    /// QoS 2 messages of one publisher between PUBLISH and PUBREL (`mqtt.max_awaiting_rel`).
    package var awaitingRelease = 100
    /// A durable session reads no further while this many messages wait for its window
    /// (`durable_sessions.batch_size`).
    package var readAhead = 100
    /// How long a question to storage waits for news before it is asked anew
    /// (`durable_sessions.idle_poll_interval`).
    package var idlePoll = Nanoseconds.seconds(10)
    /// Session expiry of MQTT 3.1 and 3.1.1 clients without clean session, seconds
    /// (`mqtt.session_expiry_interval`).
    package var expiryBeforeVersion5: UInt32 = 7_200
    /// Largest packet accepted, bytes (`mqtt.max_packet_size`).
    package var packetBytes = 1 << 20
    /// What a publisher may use (`mqtt.max_qos_allowed`).
    package var maximumQoS = QoS.exactlyOnce
    /// `mqtt.retain_available`, `mqtt.wildcard_subscription`, `mqtt.shared_subscription`.
    package var retainAvailable = true
    package var wildcardSubscriptions = true
    package var sharedSubscriptions = true
    /// Levels of a topic or a filter (`mqtt.max_topic_levels`).
    package var topicLevels = 128
    /// Of one session (`mqtt.max_subscriptions`, which is without bound).
    package var subscriptions = Int.max
    /// Seconds that a message without an expiry interval of its own is kept; nil if for ever
    /// (`mqtt.message_expiry_interval`).
    package var messageExpiry: UInt32?
    /// Topics with a retained message. EMQX has no bound here (`retainer.max_retained_messages`, 0); a broker
    /// that keeps them in memory needs one.
    package var retainedMessages = 1_000_000
    /// Largest payload that is retained, bytes (`retainer.max_payload_size`).
    package var retainedPayload = 1 << 20
    /// Seconds that a retained message without an expiry interval of its own is kept; nil if for ever
    /// (`retainer.msg_expiry_interval`).
    package var retainedExpiry: UInt32?
    /// Largest session expiry that a version 5 client is given, seconds; a client that asks for more is told so.
    /// EMQX has none; `UInt32.max` admits sessions that never expire (`mqtt.session_expiry_limit` is our own key).
    package var largestExpiry = UInt32.max
    /// What is imposed on every client instead of its own keep alive, seconds (`mqtt.server_keepalive`).
    package var serverKeepAlive: UInt16?
    /// A client that is silent for this many times its keep alive is gone (`mqtt.keepalive_multiplier`)
    /// [MQTT-3.1.2-22].
    package var keepAliveMultiplier = 1.5
    /// Aliases that a client may give to topics over one connection (`mqtt.max_topic_alias`).
    package var topicAliasesIn: UInt16 = 65_535
    /// Aliases that the broker gives to topics over one connection, if the client admits as many. EMQX gives
    /// none; each is a topic kept in memory.
    package var topicAliasesOut: UInt16 = 64
    /// How long the identifier of a QoS 2 message is remembered while its PUBREL does not come
    /// (`mqtt.await_rel_timeout`).
    package var awaitReleaseTimeout = Nanoseconds.seconds(300)
    /// How often what has outlived its time by the wall clock is looked for
    /// (`durable_sessions.session_gc_interval`).
    package var sessionCollection = Nanoseconds.seconds(600)
    /// Answered to a client that asks for response information; nil for no answer
    /// (`mqtt.response_information`).
    package var responseInformation: String?

    package init() {}
}
