import Broker
import MQTT
import Measure
import Testing

/// What the tests of single statements say in one line. Their numbers are those of MQTT 5.0; section 1.1 of
/// `Conformance.md` says how tests are named.
extension Stage {
    /// How a connection stands.
    enum Standing: Equatable {
        case open
        /// Closed, after CONNACK or DISCONNECT with this code; nil if nothing was said.
        case closed(UInt8?)
    }

    /// Sends CONNECT as it is.
    /// - Returns: the connection, and the CONNACK if there was one.
    func join(_ connect: Connect) -> (connection: Int, connack: Connack?) {
        let connection = open(connect.version)
        send(.connect(connect), on: connection)
        let packets = received(by: connection)
        let connack = packets.first.flatMap { if case .connack(let it) = $0 { it } else { nil } }
        return (connection, connack)
    }

    /// A version 5 client that is in, with its CONNACK read.
    func client(
        _ name: String = "c", version: ProtocolVersion = .v5, _ properties: [Property] = [],
        clean: Bool = true, keepAlive: UInt16 = 0, will: Will? = nil
    ) -> Int {
        let (connection, _) = join(
            Connect(
                version: version, clientID: name, cleanStart: clean, keepAlive: keepAlive,
                will: will, properties: properties))
        _ = take(connection)
        return connection
    }

    /// The same, for clients whose name does not matter.
    func client(_ properties: [Property], clean: Bool = true, will: Will? = nil) -> Int {
        client("c", properties, clean: clean, will: will)
    }

    /// Subscribes to one filter.
    /// - Returns: everything that came for it, the SUBACK among it.
    @discardableResult
    func subscribe(
        _ connection: Int, _ filter: String, _ qos: QoS = .atLeastOnce, noLocal: Bool = false,
        asPublished: Bool = false, handling: UInt8 = 0, properties: [Property] = []
    ) -> [Packet] {
        let subscription = Subscription(
            filter: filter, qos: qos, noLocal: noLocal, retainAsPublished: asPublished,
            retainHandling: handling)
        send(
            .subscribe(
                Subscribe(packetID: id(), properties: properties, subscriptions: [subscription])),
            on: connection)
        return take(connection)
    }

    /// A client that subscribes to `filter` and has read the answer.
    func listener(
        _ filter: String, _ qos: QoS = .atLeastOnce, name: String = "listener",
        _ properties: [Property] = []
    ) -> Int {
        let connection = client(name, properties)
        subscribe(connection, filter, qos)
        return connection
    }

    func listener(_ filter: String, _ properties: [Property]) -> Int {
        listener(filter, .atLeastOnce, properties)
    }

    /// Sends a PUBLISH and nothing else.
    func post(_ publish: Publish, on connection: Int) { send(.publish(publish), on: connection) }

    /// Publishes with RETAIN, at QoS 0.
    func retain(
        _ text: String, to topic: String, from connection: Int, _ properties: [Property] = []
    ) {
        post(
            Publish(retain: true, topic: topic, properties: properties, payload: Array(text.utf8)),
            on: connection)
    }

    func standing(_ connection: Int) -> Standing {
        guard closed.contains(connection) else { return .open }
        switch received(by: connection).last {
        case .disconnect(let it)?: return .closed(it.reasonCode)
        case .connack(let it)?: return .closed(it.reasonCode)
        default: return .closed(nil)
        }
    }
}

extension [Packet] {
    var messages: [Publish] { compactMap { if case .publish(let it) = $0 { it } else { nil } } }
    var texts: [String] { messages.map(\.text) }
    var suback: Suback? {
        compactMap { if case .suback(let it) = $0 { it } else { nil } }.first
    }
    var unsuback: Unsuback? {
        compactMap { if case .unsuback(let it) = $0 { it } else { nil } }.first
    }
    var connack: Connack? {
        compactMap { if case .connack(let it) = $0 { it } else { nil } }.first
    }
    /// Properties of everything that is no PUBLISH, CONNACK or DISCONNECT.
    var answerProperties: [Property] {
        flatMap { packet -> [Property] in
            switch packet {
            case .puback(let it), .pubrec(let it), .pubrel(let it), .pubcomp(let it): it.properties
            case .suback(let it): it.properties
            case .unsuback(let it): it.properties
            default: []
            }
        }
    }
}

/// Bytes of packets that no writer of ours would write.
enum Bytes {
    static func text(_ text: String) -> [UInt8] {
        [UInt8(text.utf8.count >> 8), UInt8(text.utf8.count & 0xFF)] + text.utf8
    }

    /// A packet of fewer than 128 bytes around `body`.
    static func packet(_ first: UInt8, _ body: [UInt8]) -> [UInt8] {
        precondition(body.count < 128)
        return [first, UInt8(body.count)] + body
    }

    /// A version 5 CONNECT with clean start (and more `flags`); `rest` follows the client id.
    static func connect(
        flags: UInt8 = 0x02, properties: [UInt8] = [], clientID: [UInt8] = text("c"),
        _ rest: [UInt8] = []
    ) -> [UInt8] {
        packet(
            0x10,
            text("MQTT") + [5, flags, 0, 0, UInt8(properties.count)] + properties + clientID + rest)
    }

    /// A QoS 0 PUBLISH to `t`.
    static func publish(properties: [UInt8]) -> [UInt8] {
        packet(0x30, text("t") + [UInt8(properties.count)] + properties)
    }

    static func subscribe(_ filter: [UInt8], options: UInt8 = 0) -> [UInt8] {
        packet(0x82, [0, 1, 0] + filter + [options])
    }
}

/// `bytes` on a connection that is in must end it, with a DISCONNECT that carries one of `codes`; in version
/// 3.1.1, without a word.
func expectEnd(
    _ bytes: [UInt8], _ codes: UInt8..., version: ProtocolVersion = .v5,
    at location: SourceLocation = #_sourceLocation
) {
    let stage = Stage()
    let connection = stage.client(version: version)
    stage.send(bytes, on: connection)
    let allowed: [Stage.Standing] = version == .v5 ? codes.map { .closed($0) } : [.closed(nil)]
    let standing = stage.standing(connection)
    #expect(allowed.contains(standing), "\(bytes): \(standing)", sourceLocation: location)
    #expect(stage.sessions.sessionCount == 0, sourceLocation: location)
}

/// `bytes` as the first packet of a connection must be refused with a CONNACK that carries one of `codes`,
/// and leave nothing behind.
func expectRefusal(
    _ bytes: [UInt8], _ codes: UInt8..., at location: SourceLocation = #_sourceLocation
) {
    let stage = Stage()
    let connection = stage.open()
    stage.send(bytes, on: connection)
    let standing = stage.standing(connection)
    #expect(
        codes.contains { standing == .closed($0) }, "\(bytes): \(standing)",
        sourceLocation: location)
    #expect(stage.sessions.sessionCount == 0, sourceLocation: location)
}
