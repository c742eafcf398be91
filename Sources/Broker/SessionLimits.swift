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

    package init() {}
}
