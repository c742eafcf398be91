/// What is scaled together with recorded time, so that bursts keep their shape: every distance and every timer
/// is divided by the speed.
package struct TimeScale: Hashable, Sendable {
    package let speed: Double

    /// - Parameter speed: positive.
    package init(_ speed: Double) {
        precondition(speed > 0)
        self.speed = speed
    }

    /// A timer of the broker that is divided by the speed, by its key in EMQX's configuration.
    package struct BrokerTimer: Hashable, Sendable {
        package let key: String
        package let meaning: String
    }

    /// Set by whoever configures the broker.
    package static let brokerTimers = [
        BrokerTimer(
            key: "mqtt.retry_interval", meaning: "when a delivery without an answer is sent again"),
        BrokerTimer(
            key: "durable_storage.messages.local_write_buffer.flush_interval",
            meaning: "how long a message waits for its batch"),
        BrokerTimer(
            key: "durable_sessions.message_retention_period", meaning: "how long a message is kept"),
        BrokerTimer(
            key: "durable_sessions.session_gc_interval",
            meaning: "how often sessions that expired are removed"),
    ]

    /// What keeps its own time at any speed, and so is out of proportion at this one.
    package static let unscaled = [
        "the CPU, the network and the disk take as long as they take, fsync and compaction included",
        "packets count in whole seconds: a term under a second is one second",
        "a session of MQTT 3.1 and 3.1.1 expires when the broker's own setting says",
        "the keep alive that a broker imposes (Server Keep Alive) and its time limit for CONNECT",
        "RocksDB's own timers: periodic compaction, delayed-write refill, statistics",
    ]

    /// `duration` as it is felt at this speed.
    package func scaled(_ seconds: Double) -> Double { seconds / speed }
}
