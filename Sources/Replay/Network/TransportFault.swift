/// What a target does to a connection that a broker should not, or the system in its place.
package struct TransportFault: Error, Equatable, Sendable {
    package enum Kind: String, Codable, CaseIterable, Sendable {
        /// It did not take the connection.
        case refused
        /// Nobody answered the connection within its bound.
        case unreachable
        /// Its certificate, ours, or what should have been a handshake.
        case tls
        /// It ended the connection; also when another client of the same name came.
        case ended
        /// It broke the connection off.
        case reset
        /// It sent what is no packet of MQTT, or none that a broker sends.
        case garbage
        /// It answered CONNECT with a failure.
        case denied
        /// It owed an answer for longer than the bound.
        case silent
        /// It took longer than a second to take what it was sent.
        case slow
        /// This machine had no port or no file descriptor left.
        case exhausted
    }

    package let kind: Kind
    /// What was seen, and what to do about it.
    package let sentence: String
}

extension TransportFault: CustomStringConvertible {
    package var description: String { sentence }
}

/// How often each fault happened, with the first of its kind as an example.
package struct FaultTally: Equatable, Sendable {
    package private(set) var counts: [TransportFault.Kind: Int] = [:]
    package private(set) var first: [TransportFault.Kind: String] = [:]

    package var total: Int { counts.values.reduce(0, +) }

    mutating func add(_ fault: TransportFault) {
        counts[fault.kind, default: 0] += 1
        if first[fault.kind] == nil { first[fault.kind] = fault.sentence }
    }

    /// One sentence a kind, the most frequent first.
    package var sentences: [String] {
        TransportFault.Kind.allCases.compactMap { kind in counts[kind].map { (kind, $0) } }
            .sorted { $0.1 > $1.1 }
            .map { "\($0.1) × \($0.0.rawValue): \(first[$0.0] ?? "")" }
    }
}
