internal import Layout

/// Rows as Erlang terms: the key `{ClientID, Key}` (of the metadata table `ClientID`), the value a term.
///
/// EMQX's keys and kinds of values are kept, its exact bytes are not known to us: mnesia_rocksdb encodes
/// keys with sext, and records of EMQX's own carry more fields. Sizes are those of plain terms: for a client
/// id of 9 bytes a key has 19 to 47 bytes; values have 2 bytes (a number) to about 110 (metadata).
extension StateKey {
    /// First bytes of all keys of a session in tables other than metadata.
    static func prefix(_ client: String) -> [UInt8] {
        // The same bytes begin every pair of which this is the first element; the second one follows.
        Array(Term.tuple([.binary(Array(client.utf8)), .list([])]).encoded.dropLast())
    }

    func encoded(_ client: String) -> [UInt8] {
        let name = Term.binary(Array(client.utf8))
        return (term.map { .tuple([name, $0]) } ?? name).encoded
    }

    private var term: Term? {
        switch self {
        case .metadata: nil
        case .subscription(let filter): .binary(Array(filter.utf8))
        case .subscriptionState(let number): .integer(Int64(number))
        case .stream(let shard, let address):
            .tuple([
                .binary(Array("\(shard)".utf8)), .integer(Int64(address.generation)),
                .binary(withUnsafeBytes(of: address.stream.rawValue.bigEndian) { Array($0) }),
            ])
        case .seqno(let seqno): .integer(Int64(seqno.rawValue))
        case .rank(let shard): .binary(Array("\(shard)".utf8))
        case .awaitingRelease(let id): .integer(Int64(id))
        }
    }

    /// - Returns: nil for what this program did not write.
    init?(_ bytes: RawSpan, in table: StateTable) {
        guard let term = try? Term(decoding: bytes) else { return nil }
        if table == .metadata {
            guard case .binary = term else { return nil }
            self = .metadata
            return
        }
        guard case .tuple(let pair) = term, pair.count == 2 else { return nil }
        switch (table, pair[1]) {
        case (.subscriptions, .binary(let filter)):
            self = .subscription(String(decoding: filter, as: UTF8.self))
        case (.subscriptionStates, .integer(let number)): self = .subscriptionState(Int(number))
        case (.streams, .tuple(let key)):
            guard key.count == 3, case .binary(let shard) = key[0],
                let shard = Int(String(decoding: shard, as: UTF8.self)),
                case .integer(let generation) = key[1], case .binary(let id) = key[2], id.count == 8
            else { return nil }
            let raw = id.reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
            self = .stream(
                shard: shard,
                StreamAddress(stream: StreamID(rawValue: raw), generation: Int(generation)))
        case (.seqnos, .integer(let number)):
            guard let seqno = Seqno(rawValue: Int(number)) else { return nil }
            self = .seqno(seqno)
        case (.ranks, .binary(let shard)):
            guard let shard = Int(String(decoding: shard, as: UTF8.self)) else { return nil }
            self = .rank(shard)
        case (.awaitingRelease, .integer(let id)):
            guard let id = UInt16(exactly: id) else { return nil }
            self = .awaitingRelease(id)
        default: return nil
        }
    }
}

extension StateValue {
    var encoded: [UInt8] { term.encoded }

    private var term: Term {
        switch self {
        case .metadata(let data):
            .map(
                [
                    .atom("created_at"): .integer(Int64(data.created)),
                    .atom("last_alive_at"): .integer(Int64(data.lastAlive)),
                    .atom("expiry_interval"): .integer(Int64(data.expiry)),
                    .atom("protocol"): .integer(Int64(data.version)),
                    .atom("connected"): .atom(data.isConnected ? "true" : "false"),
                ].merging(data.will.map { [.atom("will_message"): $0.term] } ?? [:]) { $1 })
        case .subscription(let subscription):
            .map([.atom("current_state"): .integer(Int64(subscription.state))])
        case .subscriptionState(let state):
            .tuple(
                [
                    .binary(Array(state.filter.utf8)), .integer(Int64(state.qos)),
                    .atom(state.noLocal ? "true" : "false"),
                    .list(state.begins.map { .integer(Int64(clamping: $0)) }),
                ]
                    // Most subscriptions have neither, and rows as short as before.
                    + (state.retainAsPublished || state.identifier != 0
                        ? [
                            .atom(state.retainAsPublished ? "true" : "false"),
                            .integer(Int64(state.identifier)),
                        ] : []))
        case .stream(let stream):
            .tuple(
                [
                    Int64(clamping: stream.begin), Int64(clamping: stream.end),
                    Int64(stream.batchSize), Int64(stream.firstQoS1), Int64(stream.lastQoS1),
                    Int64(stream.firstQoS2), Int64(stream.lastQoS2),
                ].map { .integer($0) })
        case .seqno(let number), .rank(let number), .awaitingRelease(let number):
            .integer(Int64(number))
        }
    }

    /// - Returns: nil for what this program did not write.
    init?(_ bytes: RawSpan, in table: StateTable) {
        guard let term = try? Term(decoding: bytes) else { return nil }
        switch (table, term) {
        case (.metadata, .map(let map)):
            func number(_ name: String) -> Int? {
                if case .integer(let value)? = map[.atom(name)] { Int(value) } else { nil }
            }
            guard let created = number("created_at"), let alive = number("last_alive_at"),
                let expiry = number("expiry_interval"), let version = number("protocol"),
                let isConnected = map[.atom("connected")]
            else { return nil }
            var will: Will?
            if let term = map[.atom("will_message")] {
                guard let found = Will(term) else { return nil }
                will = found
            }
            self = .metadata(
                Metadata(
                    created: created, lastAlive: alive, expiry: expiry, version: version,
                    isConnected: isConnected == .atom("true"), will: will))
        case (.subscriptions, .map(let map)):
            guard case .integer(let state)? = map[.atom("current_state")] else { return nil }
            self = .subscription(Subscription(state: Int(state)))
        case (.subscriptionStates, .tuple(let fields)):
            guard fields.count == 4 || fields.count == 6, case .binary(let filter) = fields[0],
                case .integer(let qos) = fields[1], case .list(let begins) = fields[3]
            else { return nil }
            var identifier = 0
            if fields.count == 6 {
                guard case .integer(let number) = fields[5] else { return nil }
                identifier = Int(number)
            }
            let times = Self.numbers(begins).map { $0.map { UInt64(clamping: $0) } }
            guard let times else { return nil }
            self = .subscriptionState(
                SubscriptionState(
                    filter: String(decoding: filter, as: UTF8.self), qos: Int(qos),
                    noLocal: fields[2] == .atom("true"), begins: times,
                    retainAsPublished: fields.count == 6 && fields[4] == .atom("true"),
                    identifier: identifier))
        case (.streams, .tuple(let fields)):
            guard fields.count == 7, let numbers = Self.numbers(fields) else { return nil }
            self = .stream(
                Stream(
                    begin: UInt64(clamping: numbers[0]), end: UInt64(clamping: numbers[1]),
                    batchSize: numbers[2], firstQoS1: numbers[3], lastQoS1: numbers[4],
                    firstQoS2: numbers[5], lastQoS2: numbers[6]))
        case (.seqnos, .integer(let number)): self = .seqno(Int(number))
        case (.ranks, .integer(let number)): self = .rank(Int(number))
        case (.awaitingRelease, .integer(let number)): self = .awaitingRelease(Int(number))
        default: return nil
        }
    }

    private static func numbers(_ terms: [Term]) -> [Int]? {
        var numbers: [Int] = []
        for case .integer(let number) in terms { numbers.append(Int(number)) }
        return numbers.count == terms.count ? numbers : nil
    }
}

extension StateValue.Will {
    private static let undefined = Term.atom("undefined")

    fileprivate var term: Term {
        .tuple([
            .binary(connect), username.map { .binary(Array($0.utf8)) } ?? Self.undefined,
            .binary(peer.bytes), .integer(Int64(peer.port)), state.term,
        ])
    }

    /// - Returns: nil for what this program did not write.
    fileprivate init?(_ term: Term) {
        guard case .tuple(let fields) = term, fields.count == 5,
            case .binary(let connect) = fields[0], case .binary(let address) = fields[2],
            case .integer(let port) = fields[3],
            let peer = PeerAddress(bytes: address, port: UInt16(clamping: port)),
            let state = StateValue.WillState(fields[4])
        else { return nil }
        var name: String?
        if case .binary(let bytes) = fields[1] { name = String(decoding: bytes, as: UTF8.self) }
        self.init(connect: connect, username: name, peer: peer, state: state)
    }
}

extension StateValue.WillState {
    fileprivate var term: Term {
        switch self {
        case .armed(let seconds): .tuple([.atom("armed"), .integer(Int64(seconds))])
        case .due(let time): .tuple([.atom("due"), .integer(Int64(time))])
        }
    }

    fileprivate init?(_ term: Term) {
        guard case .tuple(let fields) = term, fields.count == 2,
            case .integer(let number) = fields[1]
        else { return nil }
        switch fields[0] {
        case .atom("armed"): self = .armed(patience: Int(number))
        case .atom("due"): self = .due(Int(number))
        default: return nil
        }
    }
}
