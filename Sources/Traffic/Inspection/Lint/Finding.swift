/// A rule, and who breaks it.
package struct Finding: Codable, Equatable, Sendable {
    package enum Severity: String, Codable, Comparable, Sendable {
        case info, warning, error

        private var rank: Int {
            switch self {
            case .info: 0
            case .warning: 1
            case .error: 2
            }
        }

        package static func < (a: Severity, b: Severity) -> Bool { a.rank < b.rank }
    }

    package let rule: String
    package let severity: Severity
    /// Clients that break it.
    package let count: Int
    /// What those clients published against it, or, if it is about connections, at all.
    package let publishes: Int
    /// Client identifiers, at most three.
    package internal(set) var examples: [String]
    package let advice: String
    /// What following the advice would save at the rate of the capture; nil if it saves nothing that counts
    /// in packets, puts or bytes.
    package let saves: Savings?
}

/// What would not be sent or written, per second at the rate of the capture. What is nil is not saved.
package struct Savings: Codable, Equatable, Sendable {
    /// MQTT control packets between clients and the broker.
    package var packetsPerSecond: Double?
    /// Rows that the broker writes.
    package var putsPerSecond: Double?
    /// Bytes that the broker writes.
    package var bytesPerSecond: Double?
    /// Messages that are delivered too late, or twice.
    package var messagesPerSecond: Double?

    enum CodingKeys: String, CodingKey {
        case packetsPerSecond = "packets_per_s", putsPerSecond = "puts_per_s"
        case bytesPerSecond = "bytes_per_s", messagesPerSecond = "messages_per_s"
    }

    package init(
        packets: Double? = nil, puts: Double? = nil, bytes: Double? = nil, messages: Double? = nil
    ) {
        packetsPerSecond = packets
        putsPerSecond = puts
        bytesPerSecond = bytes
        messagesPerSecond = messages
    }
}
