internal import Layout
internal import MQTT

/// What the inspector keeps of a connection while it is open.
struct InspectedConnection {
    let peer: Endpoint
    /// What it is called in findings; nil if no CONNECT was seen.
    private(set) var client: String?
    /// Its number in the table of clients.
    private(set) var habits: Int?
    /// As the broker knows it: empty if no CONNECT was seen.
    var publisherID = "" {
        didSet { made = nil }
    }
    private(set) var username: String?
    /// Number of the topic by alias, of what the client and of what the broker sends.
    var aliases: [2 of [UInt16: Int]] = [[:], [:]]
    /// Of a DISCONNECT that changes it.
    var expiry: UInt32?
    /// Its session was opened before the capture began.
    var isOlder = false
    /// What all its messages have in common in the store, and its shard.
    var made: MadePublisher?
    /// Publishes at QoS 1 that wait for their PUBACK, with their times.
    private var waiting: [(id: UInt16, since: Int64)] = []
    /// SUBSCRIBE packets that wait for their SUBACK.
    private var asked: [UInt16: [String]] = [:]

    /// EMQX lets 32 be in flight (reference 6); of more, the oldest are not measured.
    private static let waitingLimit = 64
    /// Packets, not filters.
    private static let askedLimit = 256

    init(peer: Endpoint) { self.peer = peer }

    mutating func connected(_ connect: Connect, as client: String, _ habits: Int?) {
        self.client = client
        self.habits = habits
        publisherID = connect.clientID
        username = connect.username
    }

    func publisher(
        _ version: ProtocolVersion, _ format: RowFormat, shard: Int
    ) -> MadePublisher {
        let header = PublisherHeader(
            clientID: publisherID, peer: peer.peerAddress, version: version, username: username,
            format: format)
        return MadePublisher(header, shard: shard)
    }

    mutating func waitFor(_ id: UInt16, at time: Int64) {
        // A repetition is answered from the first time on.
        guard !waiting.contains(where: { $0.id == id }) else { return }
        if waiting.count >= Self.waitingLimit { waiting.removeFirst() }
        waiting.append((id, time))
    }

    /// - Returns: when the publish was sent that this PUBACK answers.
    mutating func answered(_ id: UInt16) -> Int64? {
        guard let index = waiting.firstIndex(where: { $0.id == id }) else { return nil }
        return waiting.remove(at: index).since
    }

    mutating func asked(_ subscribe: Subscribe) {
        guard asked.count < Self.askedLimit else { return }
        asked[subscribe.packetID.rawValue] = subscribe.subscriptions.map(\.filter)
    }

    /// - Returns: the filters that the broker did not accept.
    mutating func refused(_ suback: Suback) -> [String] {
        let filters = asked.removeValue(forKey: suback.packetID.rawValue) ?? []
        return zip(filters, suback.reasonCodes).filter { $0.1 >= 0x80 }.map(\.0)
    }
}

/// A publisher as its shard stores it. A class, because it is looked up for each message and is large.
final class MadePublisher {
    let header: PublisherHeader
    let shard: Int
    /// Of its values, once they were asked for.
    var sizes = ValueSizes()

    init(_ header: PublisherHeader, shard: Int) {
        self.header = header
        self.shard = shard
    }
}

extension Endpoint {
    /// As a broker notes it in what it stores.
    fileprivate var peerAddress: PeerAddress {
        guard let peer = PeerAddress(bytes: address, port: port) else {
            preconditionFailure("an endpoint has 4 or 16 bytes of address")
        }
        return peer
    }
}
