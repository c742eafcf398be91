internal import MQTT
package import Measure

/// What the replay saw from the clients' side, of events whose intended time lies in the measured window.
package struct Recorder: Sendable {
    /// Counts by QoS, 0 to 2.
    package struct ByQoS: Codable, Sendable, Equatable {
        package var counts = [0, 0, 0]
        package var total: Int { counts.reduce(0, +) }
        mutating func add(_ qos: QoS) { counts[Int(qos.rawValue)] += 1 }
    }

    /// How late the generator sent: actual minus intended time.
    package internal(set) var lag = LatencyHistogram()
    /// Intended time to PUBACK, QoS 1.
    package internal(set) var puback = LatencyHistogram()
    /// Intended time to PUBREC, QoS 2.
    package internal(set) var pubrec = LatencyHistogram()
    package internal(set) var sent = ByQoS()
    package internal(set) var acknowledged = 0
    package internal(set) var delivered = ByQoS()
    /// Answers with a failure code, over the whole run.
    package internal(set) var refused = 0
    /// Packets that were due in the window and had no connection to go out on: the broker had ended it.
    package internal(set) var unsent = 0
    /// Connections that the broker ended, over the whole run.
    package internal(set) var dropped = 0
    /// Passes over the capture that were completed.
    package internal(set) var passes = 0

    package init() {}
}
