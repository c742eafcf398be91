import Broker
import Layout
import MQTT
import Measure
import Storage

/// A broker with nobody but the test around it: packets go in and come out as bytes, and time passes only
/// when the test says so.
final class Stage {
    let store: SteppedStore
    let sessions: SessionLayer
    private(set) var now = MonotonicTime(nanoseconds: 1_000_000_000)
    /// Wall time, which passes with `now`.
    final class Clock { var milliseconds: UInt64 = 1_700_000_000_000 }
    let clock = Clock()
    /// Connections that the broker has closed.
    private(set) var closed: Set<Int> = []
    private var versions: [Int: ProtocolVersion] = [:]
    private var received: [Int: [Packet]] = [:]
    private var outbox = Outbox()
    private var lastID: UInt16 = 0

    init(
        shards: Int = 3, limits: SessionLimits = SessionLimits(),
        acknowledgement: Durability.Acknowledgement = .onEnqueue,
        sessionCommits: EngineModel.SessionCommits = .every(.seconds(5)),
        storesForQoS0: Bool = true, on kept: SteppedStore? = nil
    ) {
        store =
            kept
            ?? SteppedStore(
                shards: shards, acknowledgement: acknowledgement, sessionCommits: sessionCommits,
                storesForQoS0: storesForQoS0)
        let clock = clock
        sessions = SessionLayer(store: store, limits: limits) { clock.milliseconds }
    }

    /// A fresh packet identifier.
    func id() -> PacketID {
        lastID &+= 1
        return PacketID(lastID) ?? id()
    }

    let peer: PeerAddress = {
        guard let peer = PeerAddress(bytes: [127, 0, 0, 1], port: 4_000) else {
            preconditionFailure("four bytes are an address")
        }
        return peer
    }()

    func open(_ version: ProtocolVersion = .v5) -> Int {
        let connection = sessions.opened(from: peer)
        versions[connection] = version
        return connection
    }

    /// Opens a connection and sends CONNECT; the CONNACK is the first packet that it receives.
    func connect(
        _ client: String, version: ProtocolVersion = .v5, clean: Bool = true, expiry: UInt32 = 0,
        receiveMaximum: UInt16? = nil, keepAlive: UInt16 = 0, will: Will? = nil
    ) -> Int {
        let connection = open()
        versions[connection] = version
        var properties: [Property] = []
        if version == .v5, expiry > 0 { properties.append(.sessionExpiryInterval(expiry)) }
        if let receiveMaximum { properties.append(.receiveMaximum(receiveMaximum)) }
        let connect = Connect(
            version: version, clientID: client, cleanStart: clean, keepAlive: keepAlive, will: will,
            properties: properties)
        send(.connect(connect), on: connection)
        return connection
    }

    /// A client whose session outlives its connection, subscribed to `filters` and with nothing unread.
    func subscriber(
        _ client: String, to filters: [Subscription], clean: Bool = false, expiry: UInt32 = 3_600,
        receiveMaximum: UInt16? = nil
    ) -> Int {
        let connection = connect(
            client, clean: clean, expiry: expiry, receiveMaximum: receiveMaximum)
        send(.subscribe(Subscribe(packetID: id(), subscriptions: filters)), on: connection)
        _ = take(connection)
        return connection
    }

    func subscribe(
        _ connection: Int, to filters: [Subscription], identifier: UInt32? = nil
    ) {
        send(
            .subscribe(
                Subscribe(
                    packetID: id(),
                    properties: identifier.map { [.subscriptionIdentifier($0)] } ?? [],
                    subscriptions: filters)), on: connection)
    }

    /// The reason codes of the last SUBACK that `connection` has received.
    func codes(_ connection: Int) -> [UInt8]? {
        take(connection).lazy.compactMap {
            if case .suback(let suback) = $0 { suback.reasonCodes } else { nil }
        }.last
    }

    func send(_ packet: Packet, on connection: Int) {
        var bytes: [UInt8] = []
        packet.write(to: &bytes, version: versions[connection] ?? .v5)
        send(bytes, on: connection)
    }

    func send(_ bytes: [UInt8], on connection: Int) {
        sessions.receive(
            bytes.span.bytes, on: connection, intended: now, at: now, into: &outbox)
        deliver()
    }

    /// Publishes `text` and answers the broker, which takes part as it should.
    func publish(
        _ text: String, to topic: String, qos: QoS = .atLeastOnce, from connection: Int,
        properties: [Property] = [], retain: Bool = false
    ) {
        let id = qos == .atMostOnce ? nil : id()
        send(
            .publish(
                Publish(
                    qos: qos, retain: retain, topic: topic, packetID: id, properties: properties,
                    payload: Array(text.utf8))), on: connection)
        if qos == .exactlyOnce, let id {
            send(.pubrel(Acknowledgement(packetID: id)), on: connection)
        }
    }

    /// The link breaks.
    func cut(_ connection: Int) {
        sessions.closed(connection, at: now, into: &outbox)
        deliver()
    }

    func disconnect(_ connection: Int, code: UInt8 = 0, properties: [Property] = []) {
        send(.disconnect(Disconnect(reasonCode: code, properties: properties)), on: connection)
        cut(connection)
    }

    func pass(_ time: Nanoseconds) {
        now = now + time
        clock.milliseconds += UInt64(time.count / 1_000_000)
        settle()
    }

    /// The broker looks at storage, which does nothing by itself.
    func poll() {
        sessions.poll(at: now, into: &outbox)
        deliver()
    }

    /// Lets storage and sessions come to rest.
    func settle() {
        repeat {
            store.step()
            poll()
        } while store.isBusy
    }

    /// What `connection` has received since the last call, without letting anything come to rest.
    func takeAsIs(_ connection: Int) -> [Packet] {
        defer { received[connection] = [] }
        return received[connection] ?? []
    }
    /// What `connection` has received and the test has not taken; storage does nothing.
    func received(by connection: Int) -> [Packet] { received[connection] ?? [] }

    /// What `connection` has received since the last call.
    func take(_ connection: Int) -> [Packet] {
        settle()
        defer { received[connection] = [] }
        return received[connection] ?? []
    }

    /// The messages among them; nothing is acknowledged.
    func messages(_ connection: Int) -> [Publish] {
        take(connection).compactMap { if case .publish(let publish) = $0 { publish } else { nil } }
    }

    /// All messages for `connection` until no more come, each answered as it should be.
    func drain(_ connection: Int) -> [Publish] {
        var all: [Publish] = []
        while true {
            let packets = take(connection)
            guard !packets.isEmpty else { return all }
            for packet in packets {
                if let message = answer(packet, on: connection) { all.append(message) }
            }
        }
    }

    /// A receiver's answer.
    func answer(_ packet: Packet, on connection: Int) -> Publish? {
        switch packet {
        case .publish(let publish):
            if let id = publish.packetID {
                let answer = Acknowledgement(packetID: id)
                send(
                    publish.qos == .atLeastOnce ? .puback(answer) : .pubrec(answer), on: connection)
            }
            return publish
        case .pubrel(let release):
            send(.pubcomp(Acknowledgement(packetID: release.packetID)), on: connection)
            return nil
        default: return nil
        }
    }

    private func deliver() {
        for item in outbox.items {
            switch item {
            case .packet(let connection, let range):
                received[connection, default: []].append(
                    read(Array(outbox.bytes[range]), version: versions[connection] ?? .v5))
            case .close(let connection): closed.insert(connection)
            }
        }
        outbox.removeAll()
    }

    private func read(_ bytes: [UInt8], version: ProtocolVersion) -> Packet {
        do { return try Packet.read(bytes.span.bytes, version: version) } catch {
            // A client whose version is not known is refused in the words of 3.1.1.
            if case .connack(let refusal)? = try? Packet.read(
                bytes.span.bytes, version: .v3_1_1), refusal.reasonCode != 0
            {
                return .connack(refusal)
            }
            preconditionFailure("the broker wrote what is no packet: \(error)")
        }
    }
}

extension Publish {
    var text: String { String(decoding: payload, as: UTF8.self) }
}
