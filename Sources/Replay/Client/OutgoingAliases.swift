internal import MQTT

/// The topic aliases that a client has given in the recording, on its present connection, and which of them this
/// broker knows.
struct OutgoingAliases {
    private struct Known {
        var topic: [UInt8]
        /// A PUBLISH with this topic and alias has been sent.
        var isTold: Bool
    }

    private var known: [UInt16: Known] = [:]
    /// The largest alias that the broker accepts, as its CONNACK says [MQTT-3.2.2-18]; 0: none.
    private(set) var limit: UInt16 = 0

    /// A new connection: aliases belong to one [MQTT-3.3.2-7].
    mutating func begin() {
        if !known.isEmpty { known.removeAll(keepingCapacity: true) }
        limit = 0
    }

    mutating func accept(upTo limit: UInt16) { self.limit = limit }

    /// How a PUBLISH with an alias goes out.
    enum Form: Equatable {
        case asRecorded
        /// With its full topic, and with the alias if the broker accepts it.
        case spelledOut(keepsAlias: Bool)
        /// What the alias stands for was never told.
        case unknown
    }

    /// Takes note of a PUBLISH that is about to be sent.
    /// - Parameter topic: its bytes; none if the alias stands for them.
    mutating func form(_ alias: UInt16, _ topic: RawSpan) -> Form {
        let accepted = alias <= limit
        if topic.byteCount > 0 {
            known[alias] = Known(topic: topic.withUnsafeBytes { Array($0) }, isTold: accepted)
            return accepted ? .asRecorded : .spelledOut(keepsAlias: false)
        }
        guard let told = known[alias]?.isTold else { return .unknown }
        if told { return .asRecorded }
        known[alias]?.isTold = accepted
        return .spelledOut(keepsAlias: accepted)
    }

    func topic(of alias: UInt16) -> [UInt8]? { known[alias]?.topic }
}
