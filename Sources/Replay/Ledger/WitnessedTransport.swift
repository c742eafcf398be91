package import MQTT
package import Measure
package import Traffic

/// Sees every packet on its way between clients and broker, in whatever way they are connected, and has it in the
/// ledger before the other side does: what is sent before it is sent, what arrives before its client acts on it.
package final class WitnessedTransport: Transport {
    private let inner: any Transport
    private let ledger: Ledger
    private let clock: () -> MonotonicTime
    /// Connections over which a CONNECT was sent.
    private var links: [Int: Link] = [:]
    /// The connection of each client that has one, by the client's number.
    private var current: [Int: Int] = [:]
    /// What would resume a client's session, of clients that have subscribed to something.
    private var sessions: [Int: Connect] = [:]
    /// Packets of the broker that were no MQTT.
    package private(set) var unreadable = 0

    /// What is known of a connection.
    private final class Link {
        let client: Int
        let connect: Connect
        /// The topics behind aliases, as the client and as the broker gave them.
        var given: [UInt16: Int] = [:], taken: [UInt16: Int] = [:]

        init(client: Int, _ connect: Connect) { (self.client, self.connect) = (client, connect) }
    }

    package init(
        wrapping inner: any Transport, ledger: Ledger,
        clock: @escaping () -> MonotonicTime = MonotonicTime.now
    ) {
        (self.inner, self.ledger, self.clock) = (inner, ledger, clock)
    }

    package func open(from endpoint: Endpoint, at now: MonotonicTime) -> Int {
        inner.open(from: endpoint, at: now)
    }

    package func send(_ packet: RawSpan, on connection: Int, intended: MonotonicTime) {
        do throws(CodecError) {
            try sends(packet, on: connection, intended: intended, at: clock())
        } catch {
            // A recorded client may have sent what is no MQTT; the broker will say so.
        }
        inner.send(packet, on: connection, intended: intended)
    }

    package func close(_ connection: Int, at now: MonotonicTime) {
        forget(connection, byBroker: false, at: clock())
        inner.close(connection, at: now)
    }

    package func receive(
        at now: MonotonicTime,
        _ body: (_ connection: Int, _ packet: RawSpan, _ arrived: MonotonicTime) -> Void
    ) {
        inner.receive(at: now) { connection, packet, arrived in
            if packet.byteCount == 0 {
                forget(connection, byBroker: true, at: arrived)
            } else if let link = links[connection] {
                do throws(CodecError) { try comes(packet, over: link, at: arrived) } catch {
                    unreadable += 1
                }
            }
            body(connection, packet, arrived)
        }
    }

    package func wait(until time: MonotonicTime) { inner.wait(until: time) }

    package var commit: CommitTime? { inner.commit }
    package var isInside: Bool { inner.isInside }

    /// A CONNECT for each session that has subscriptions, outlives its connection and is away: one that resumes it
    /// and asks for nothing else.
    package var sessionsAway: [Connect] {
        sessions.filter { current[$0.key] == nil }.sorted { $0.key < $1.key }.map(\.value)
    }

    /// What was on its way to connected clients has had the time to come; see `Ledger.settled`.
    package func settled(at now: MonotonicTime) { ledger.settled(at: now) }

    private func forget(_ connection: Int, byBroker: Bool, at now: MonotonicTime) {
        guard let link = links.removeValue(forKey: connection) else { return }
        // One that was taken over is no longer its client's.
        guard current[link.client] == connection else { return }
        current[link.client] = nil
        ledger.record(.closed(client: link.client, byBroker: byBroker, at: now))
    }

    private func sends(
        _ packet: RawSpan, on connection: Int, intended: MonotonicTime, at now: MonotonicTime
    ) throws(CodecError) {
        let header = try FixedHeader.read(packet, at: 0)
        if header.type == .connect { return try connects(packet, on: connection, at: now) }
        guard let link = links[connection] else { return }
        switch header.type {
        case .publish:
            let publish = try PublishHeader.read(packet, version: link.connect.version)
            if let topic = topic(of: publish, in: packet, &link.given) {
                ledger.record(
                    .publish(
                        sighting(
                            publish, topic, packet, of: link, intended: min(intended, now),
                            at: now)))
            }
        case .puback, .pubrec, .pubrel, .pubcomp:
            try answers(header.type, packet, link, fromBroker: false, at: now)
        case .subscribe:
            if sessions[link.client] == nil, link.connect.outlives {
                sessions[link.client] = link.connect.resuming
            }
            control(packet, link, fromBroker: false, at: now)
        case .unsubscribe, .disconnect: control(packet, link, fromBroker: false, at: now)
        default: break
        }
    }

    private func connects(
        _ packet: RawSpan, on connection: Int, at now: MonotonicTime
    ) throws(CodecError) {
        guard case .connect(let connect) = try Packet.read(packet, version: .v5) else { return }
        let client = ledger.number(ofClient: connect.clientID)
        if let old = current[client] { forget(old, byBroker: true, at: now) }
        if let will = connect.will {
            let topic = Array(will.topic.utf8)
            _ = ledger.number(ofTopic: topic.span.bytes)
        }
        let link = Link(client: client, connect)
        links[connection] = link
        current[client] = connection
        if connect.cleanStart { sessions[client] = nil }
        // Read and written again: of a password there is only that it was there.
        var bytes: [UInt8] = []
        Packet.connect(connect).write(to: &bytes, version: connect.version)
        control(bytes.span.bytes, link, fromBroker: false, at: now)
    }

    private func comes(
        _ packet: RawSpan, over link: Link, at now: MonotonicTime
    ) throws(CodecError) {
        let header = try FixedHeader.read(packet, at: 0)
        switch header.type {
        case .publish:
            let publish = try PublishHeader.read(packet, version: link.connect.version)
            if let topic = topic(of: publish, in: packet, &link.taken) {
                ledger.record(
                    .delivery(
                        sighting(publish, topic, packet, of: link, intended: now, at: now)))
            }
        case .puback, .pubrec, .pubrel, .pubcomp:
            try answers(header.type, packet, link, fromBroker: true, at: now)
        case .connack, .suback, .unsuback, .disconnect:
            control(packet, link, fromBroker: true, at: now)
        default: break
        }
    }

    private func answers(
        _ type: PacketType, _ packet: RawSpan, _ link: Link, fromBroker: Bool,
        at now: MonotonicTime
    ) throws(CodecError) {
        let answer = try AcknowledgementHeader.read(packet, version: link.connect.version)
        ledger.record(
            .answer(
                LedgerRecord.Answer(
                    time: now, client: link.client, fromBroker: fromBroker, type: type,
                    packetID: answer.packetID.rawValue, reason: answer.reasonCode)))
    }

    private func control(
        _ packet: RawSpan, _ link: Link, fromBroker: Bool, at now: MonotonicTime
    ) {
        ledger.record(
            .control(
                LedgerRecord.Control(
                    time: now, client: link.client, fromBroker: fromBroker,
                    version: link.connect.version,
                    packet: packet.withUnsafeBytes { Array($0) })))
    }

    private func sighting(
        _ publish: PublishHeader, _ topic: Int, _ packet: RawSpan, of link: Link,
        intended: MonotonicTime, at now: MonotonicTime
    ) -> LedgerRecord.Sighting {
        LedgerRecord.Sighting(
            time: now, client: link.client, topic: topic, packetID: publish.packetID,
            qos: publish.qos, retain: publish.retain, dup: publish.dup,
            content: contentHash(packet.extracting(publish.payload)),
            isEmpty: publish.payload.isEmpty, expiry: publish.messageExpiry, intended: intended)
    }

    /// The number of the topic, also if only an alias stands for it; nil for an alias that nobody gave.
    private func topic(
        of publish: PublishHeader, in packet: RawSpan, _ aliases: inout [UInt16: Int]
    ) -> Int? {
        if publish.topic.isEmpty { return aliases[publish.topicAlias] }
        let topic = ledger.number(ofTopic: packet.extracting(publish.topic))
        if publish.topicAlias != 0 { aliases[publish.topicAlias] = topic }
        return topic
    }
}

extension Connect {
    /// Whether the session is there after the connection has ended, as far as CONNECT says.
    fileprivate var outlives: Bool {
        guard version == .v5 else { return !cleanStart }
        for case .sessionExpiryInterval(let seconds) in properties { return seconds > 0 }
        return false
    }

    /// The same session again, without a will and a keep alive.
    fileprivate var resuming: Connect {
        Connect(
            version: version, clientID: clientID, cleanStart: false, username: username,
            hasPassword: hasPassword, properties: properties, isBridge: isBridge)
    }
}
