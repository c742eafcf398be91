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

    package init() {}
}
