package import Measure

/// Latencies of what clients sent, each from when the plan said to send it to the arrival of the broker's answer, which
/// is when the packet came and not when the replay got to it.
package struct Latencies: Codable, Sendable {
    /// How late the generator sent: the answer is its own.
    package var lag = LatencyHistogram()
    package var connack = LatencyHistogram()
    /// SUBACK and UNSUBACK.
    package var suback = LatencyHistogram()
    /// QoS 1.
    package var puback = LatencyHistogram()
    /// QoS 2, the first and the second answer.
    package var pubrec = LatencyHistogram()
    package var pubcomp = LatencyHistogram()

    package init() {}

    /// In the order in which they are told.
    package static let kinds:
        [(name: String, values: any WritableKeyPath<Latencies, LatencyHistogram> & Sendable)] = [
            ("lag", \.lag), ("connack", \.connack), ("suback", \.suback), ("puback", \.puback),
            ("pubrec", \.pubrec), ("pubcomp", \.pubcomp),
        ]

    package mutating func add(_ other: Latencies) {
        for (_, values) in Self.kinds where other[keyPath: values].count > 0 {
            self[keyPath: values].add(other[keyPath: values])
        }
    }
}
