package import Measure

/// How a target is spoken to, and what is too much.
package struct SocketOptions: Sendable {
    package var tls = TargetTLS()
    package var credentials: TargetCredentials?
    /// Connections and packets that go out in any one second at most; nil for no bound.
    package var packetsPerSecond: Int?
    /// How long a connection, its TLS handshake included, may take to be made.
    package var connectBound = Nanoseconds.seconds(10)
    package var limits = BacklogLimits()

    package init() {}
}

/// When a replay is stopped because its target does not keep up.
package struct BacklogLimits: Sendable {
    /// Requests without an answer: CONNECT, PUBLISH at QoS 1 and 2, PUBREL, SUBSCRIBE, UNSUBSCRIBE and PINGREQ.
    package var unanswered = 200_000
    /// Bytes that the target has not taken yet.
    package var unsentBytes = 256 << 20
    /// How long the target may say nothing at all while it owes answers, or let nobody in.
    package var silence = Nanoseconds.seconds(30)

    package init() {}
}

/// Why a transport wants a replay to stop.
package enum TransportStop: Equatable, Sendable {
    /// The backlog passed its limit while messages were published at this rate.
    case overload(messagesPerSecond: Double, unanswered: Int, unsentBytes: Int)
    /// So many requests had no answer, and nothing had come for this long.
    case silent(for: Nanoseconds, unanswered: Int)
    /// Every connection failed for this long; the last one so.
    case unreachable(for: Nanoseconds, TransportFault)
}

extension TransportStop: CustomStringConvertible {
    package var description: String {
        switch self {
        case .overload(let rate, let unanswered, let bytes):
            "overload at \(Int(rate.rounded())) messages per second: \(unanswered) requests had no answer and "
                + "\(bytes) bytes were not taken; lower --speed"
        case .silent(let time, let unanswered):
            "the target stopped answering: nothing came for \(Int(time.seconds)) s while \(unanswered) requests "
                + "had no answer"
        case .unreachable(let time, let fault):
            "no connection was made for \(Int(time.seconds)) s: \(fault)"
        }
    }
}
