internal import MQTT

/// Aliases that the broker gives to topics over one connection (MQTT 5.0, 3.3.2.3.4): the first topics get one each
/// until there are no more, and keep it until the connection ends.
struct OutgoingAliases {
    private struct Given {
        let topic: [UInt8]
        let alias: UInt16
    }

    /// By a hash of the topic, so that looking one up allocates nothing. Of two topics with one hash the second gets
    /// none.
    private var given: [Int: Given] = [:]
    private var limit: UInt16 = 0

    init() {}

    /// - Parameter limit: aliases that may be given, at most; 0 gives none.
    init(limit: UInt16) { self.limit = limit }

    /// The alias of a topic, if it has one.
    func alias(of topic: RawSpan) -> UInt16? {
        guard limit > 0, let known = given[Self.hash(topic)], Self.equals(known.topic, topic)
        else { return nil }
        return known.alias
    }

    /// Gives the topic an alias, to be sent with it.
    /// - Returns: nil if there is none left.
    mutating func give(_ topic: RawSpan) -> UInt16? {
        guard given.count < Int(limit) else { return nil }
        let hash = Self.hash(topic)
        guard given[hash] == nil else { return nil }
        let alias = UInt16(given.count + 1)
        given[hash] = Given(topic: topic.withUnsafeBytes { Array($0) }, alias: alias)
        return alias
    }

    private static func hash(_ topic: RawSpan) -> Int {
        var hasher = Hasher()
        topic.withUnsafeBytes { hasher.combine(bytes: $0) }
        return hasher.finalize()
    }

    private static func equals(_ known: [UInt8], _ topic: RawSpan) -> Bool {
        topic.withUnsafeBytes { known.elementsEqual($0) }
    }
}
