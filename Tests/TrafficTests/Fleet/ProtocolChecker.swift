import MQTT
import Traffic

/// Watches traffic for what MQTT forbids. Made from the specification and not from the generator: it knows nothing
/// of fleets.
struct ProtocolChecker: TrafficObserver {
    private(set) var faults: [String] = []
    private var connections: [Int: Connection] = [:]
    /// What must outlive connections, by client identifier.
    private var sessions: [String: Session] = [:]
    private var opened = 0
    private var lastTime = Int64.min
    /// Every message that somebody sent or left as a will.
    private var known: Set<[UInt8]> = []

    private struct Connection {
        let number: Int
        var client = ""
        var version = ProtocolVersion.v3_1_1
        var hasConnect = false
        var hasConnack = false
        /// DISCONNECT was sent, by the client or the broker.
        var isDone = false
        /// By the client.
        var saidFarewell = false
        var lastTime: Int64
        var lastHeard: Int64 = 0
        var keepAlive: Int64 = 0
        var receiveMaximum = 65_535
        var pings = 0
        var aliases: [UInt16: String] = [:]
        var cleanStart = true
        /// Seconds after the connection; nil for ever.
        var expiry: Int64? = 0
    }

    private struct Session {
        var endsAt = Int64.max
        var filters: [TopicFilter: QoS] = [:]
        /// Handshakes that the client began, and those that the broker began.
        var ours = Handshakes()
        var theirs = Handshakes()
        var subscribing: [PacketID: [Subscription]] = [:]
    }

    mutating func opened(_ connection: Int, client: Endpoint, at time: Int64) {
        check(connection == opened, "connection \(connection) is not the next")
        opened += 1
        connections[connection] = Connection(number: connection, lastTime: time)
        moved(to: time)
    }

    mutating func received(_ packet: DecodedPacket, _ bytes: RawSpan) {
        guard var connection = connections[packet.connection] else {
            return fault("a packet on connection \(packet.connection), which is not open")
        }
        moved(to: packet.time)
        check(packet.time >= connection.lastTime, "time goes back on \(packet.connection)")
        check(!connection.isDone, "\(packet.type) after the end on \(packet.connection)")
        connection.lastTime = packet.time
        let content: Packet
        do { content = try Packet.read(bytes, version: packet.version) } catch {
            return fault("malformed \(packet.type): \(error)")
        }
        if packet.direction == .toBroker {
            sent(content, by: &connection, at: packet.time)
            connection.lastHeard = packet.time
        } else {
            answered(content, to: &connection, at: packet.time)
        }
        connections[packet.connection] = connection
    }

    mutating func closed(
        _ connection: Int, version: ProtocolVersion, _ ending: Ending, at time: Int64
    ) {
        moved(to: time)
        guard let ended = connections.removeValue(forKey: connection) else {
            return fault("the end of connection \(connection), which is not open")
        }
        check(ended.hasConnect, "connection \(connection) without CONNECT")
        guard ending != .endOfCapture else { return }
        check((ending == .disconnect) == (ended.isDone && ended.saidFarewell), "\(ending)")
        let endsAt = ended.expiry.map { time + $0 * .second } ?? .max
        sessions[ended.client]?.endsAt = endsAt
        if ended.expiry == 0 { sessions[ended.client] = nil }
    }

    private mutating func sent(_ packet: Packet, by connection: inout Connection, at time: Int64) {
        if case .connect(let connect) = packet {
            return connected(connect, &connection, at: time)
        }
        check(connection.hasConnect, "\(packet.type) before CONNECT")
        check(connection.hasConnack, "\(packet.type) of \(connection.client) before CONNACK")
        let silence = time - connection.lastHeard
        check(
            connection.keepAlive == 0 || silence <= connection.keepAlive * .second * 3 / 2,
            "\(connection.client) was silent for \(silence) ns")
        guard var session = sessions[connection.client] else {
            return fault("\(connection.client) has no session")
        }
        check(
            !session.ours.hasWaited(on: connection.number, since: time - 60 * .second),
            "\(connection.client) had no answer for a minute")
        switch packet {
        case .publish(let publish):
            published(publish, by: &connection, &session)
        case .pubrel(let answer): note(session.ours.release(answer.packetID))
        case .puback(let answer): note(session.theirs.finish(answer.packetID, qos: .atLeastOnce))
        case .pubrec(let answer): note(session.theirs.receive(answer.packetID))
        case .pubcomp(let answer): note(session.theirs.complete(answer.packetID))
        case .subscribe(let subscribe):
            check(!session.ours.isUsed(subscribe.packetID), "SUBSCRIBE with a used identifier")
            session.subscribing[subscribe.packetID] = subscribe.subscriptions
            for subscription in subscribe.subscriptions {
                guard let filter = try? TopicFilter(subscription.filter) else {
                    fault("filter \(subscription.filter)")
                    continue
                }
                session.filters[filter] = subscription.qos
            }
        case .pingreq: connection.pings += 1
        case .disconnect:
            connection.isDone = true
            connection.saidFarewell = true
        default: fault("a client sent \(packet.type)")
        }
        sessions[connection.client] = session
    }

    private mutating func connected(
        _ connect: Connect, _ connection: inout Connection, at time: Int64
    ) {
        check(!connection.hasConnect, "a second CONNECT of \(connect.clientID)")
        check(
            !connections.values.contains {
                $0.client == connect.clientID && !$0.client.isEmpty && !$0.isDone
            }, "\(connect.clientID) is connected twice")
        connection.hasConnect = true
        connection.client = connect.clientID
        connection.version = connect.version
        connection.keepAlive = Int64(connect.keepAlive)
        connection.cleanStart = connect.cleanStart
        connection.expiry = connect.cleanStart ? 0 : Int64(7_200)
        if connect.version == .v5 {
            connection.expiry = 0
            for property in connect.properties {
                switch property {
                case .sessionExpiryInterval(let seconds):
                    connection.expiry = seconds == .max ? nil : Int64(seconds)
                case .receiveMaximum(let count): connection.receiveMaximum = Int(count)
                default: continue
                }
            }
        }
        if let will = connect.will { known.insert(Array(will.topic.utf8) + will.payload) }
        if let session = sessions[connect.clientID], session.endsAt <= time {
            sessions[connect.clientID] = nil
        }
        if connect.cleanStart { sessions[connect.clientID] = nil }
        sessions[connect.clientID]?.ours.linkBroke()
    }

    private mutating func published(
        _ publish: Publish, by connection: inout Connection, _ session: inout Session
    ) {
        var alias: UInt16 = 0
        for case .topicAlias(let number) in publish.properties { alias = number }
        if publish.topic.isEmpty {
            check(connection.aliases[alias] != nil, "alias \(alias) is not known")
        } else if alias > 0 {
            connection.aliases[alias] = publish.topic
        }
        let topic = publish.topic.isEmpty ? connection.aliases[alias] ?? "" : publish.topic
        known.insert(Array(topic.utf8) + publish.payload)
        guard let id = publish.packetID else { return }
        // [MQTT-4.4.0-1] of version 5; before, a client may repeat when it likes.
        note(
            publish.dup
                ? session.ours.again(
                    id, publish, on: connection.number, at: connection.lastTime,
                    mayStay: connection.version < .v5)
                : session.ours.begin(
                    id, publish, on: connection.number, at: connection.lastTime))
    }

    private mutating func answered(
        _ packet: Packet, to connection: inout Connection, at time: Int64
    ) {
        if case .connack(let connack) = packet {
            check(connection.hasConnect && !connection.hasConnack, "CONNACK out of turn")
            connection.hasConnack = true
            let exists = sessions[connection.client] != nil
            check(
                connack.sessionPresent == (exists && connection.version > .v3_1),
                "session present is \(connack.sessionPresent) for \(connection.client)")
            if sessions[connection.client] == nil { sessions[connection.client] = Session() }
            sessions[connection.client]?.endsAt = .max
            return
        }
        check(connection.hasConnack, "\(packet.type) to \(connection.client) before CONNACK")
        guard var session = sessions[connection.client] else { return }
        switch packet {
        case .puback(let answer): note(session.ours.finish(answer.packetID, qos: .atLeastOnce))
        case .pubrec(let answer): note(session.ours.receive(answer.packetID))
        case .pubcomp(let answer): note(session.ours.complete(answer.packetID))
        case .pubrel(let answer): note(session.theirs.release(answer.packetID))
        case .publish(let publish):
            delivered(publish, to: connection, &session)
        case .suback(let suback):
            let asked = session.subscribing.removeValue(forKey: suback.packetID)
            check(asked?.count == suback.reasonCodes.count, "SUBACK to no SUBSCRIBE")
        case .pingresp:
            check(connection.pings > 0, "PINGRESP without PINGREQ")
            connection.pings -= 1
        case .disconnect: connection.isDone = true
        default: fault("the broker sent \(packet.type)")
        }
        sessions[connection.client] = session
    }

    private mutating func delivered(
        _ publish: Publish, to connection: Connection, _ session: inout Session
    ) {
        let topic = Array(publish.topic.utf8)
        let granted = session.filters.filter { $0.key.matches(topic.span.bytes) }.values.max()
        check(granted != nil, "\(connection.client) did not ask for \(publish.topic)")
        check(publish.qos <= granted ?? .exactlyOnce, "QoS above the subscription's")
        check(
            known.contains(topic + publish.payload),
            "nobody sent what \(connection.client) got on \(publish.topic)")
        guard let id = publish.packetID else { return }
        note(
            publish.dup
                ? session.theirs.again(
                    id, publish, on: connection.number, at: connection.lastTime, mayStay: false)
                : session.theirs.begin(
                    id, publish, on: connection.number, at: connection.lastTime))
        check(
            session.theirs.count <= connection.receiveMaximum,
            "\(session.theirs.count) in flight to \(connection.client)")
    }

    private mutating func moved(to time: Int64) {
        let last = lastTime
        check(time >= last, "time goes back from \(last) to \(time)")
        lastTime = max(lastTime, time)
    }

    private mutating func check(_ holds: Bool, _ sentence: @autoclosure () -> String) {
        if !holds { fault(sentence()) }
    }

    private mutating func note(_ fault: String?) {
        if let fault { self.fault(fault) }
    }

    private mutating func fault(_ sentence: String) {
        if faults.count < 20 { faults.append(sentence) }
    }
}

/// The handshakes of one direction: what was sent at QoS 1 and 2 and how far it is.
private struct Handshakes {
    private enum Progress { case sent, received, released }

    private struct Message {
        let id: PacketID
        let publish: Publish
        /// On which it was sent last.
        var connection: Int
        var time: Int64
        var progress = Progress.sent
        /// PUBLISH packets that wait for an answer: a repetition gets one of its own.
        var asked = 1
    }

    /// In the order in which they were begun.
    private var messages: [Message] = []
    /// Answers to repetitions of what is finished.
    private var owed: [PacketID: Int] = [:]
    /// What was answered on this connection, and on the one before: those answers may never have arrived.
    private var answered: [PacketID: Message] = [:]
    private var answeredBefore: [PacketID: Message] = [:]
    /// Something was sent or sent again on this connection.
    private var hasSpoken = false

    /// What the other end answered may be unknown to this one.
    mutating func linkBroke() {
        // A connection on which it said nothing was too short to take anything up again.
        answeredBefore = hasSpoken ? answered : answeredBefore.merging(answered) { $1 }
        hasSpoken = false
        answered = [:]
        owed = [:]
    }

    /// Takes a message up again of which the answer did not arrive.
    private mutating func takeUp(_ id: PacketID, as progress: Progress) {
        guard !isUsed(id), var message = answeredBefore.removeValue(forKey: id) else { return }
        message.progress = progress
        messages.append(message)
    }

    var count: Int { messages.count }

    /// Something that was sent on this connection before `time` has had no answer at all.
    func hasWaited(on connection: Int, since time: Int64) -> Bool {
        messages.contains {
            $0.progress == .sent && $0.connection == connection && $0.time < time
        }
    }

    func isUsed(_ id: PacketID) -> Bool { messages.contains { $0.id == id } }

    mutating func begin(
        _ id: PacketID, _ publish: Publish, on connection: Int, at time: Int64
    ) -> String? {
        hasSpoken = true
        guard !isUsed(id) else { return "identifier \(id.rawValue) is in use" }
        messages.append(Message(id: id, publish: publish, connection: connection, time: time))
        return nil
    }

    mutating func again(
        _ id: PacketID, _ publish: Publish, on connection: Int, at time: Int64, mayStay: Bool
    ) -> String? {
        takeUp(id, as: .sent)
        hasSpoken = true
        guard let place = messages.firstIndex(where: { $0.id == id }) else {
            return "DUP of \(id.rawValue), which is not in flight"
        }
        let first = messages[place].publish
        guard first.topic == publish.topic, first.payload == publish.payload,
            first.qos == publish.qos
        else { return "DUP of \(id.rawValue) is another message" }
        guard mayStay || messages[place].connection != connection else {
            return "DUP of \(id.rawValue) on the connection that had it"
        }
        messages[place].connection = connection
        messages[place].time = time
        messages[place].asked += 1
        return nil
    }

    mutating func finish(_ id: PacketID, qos: QoS) -> String? {
        guard let place = messages.firstIndex(where: { $0.id == id && $0.publish.qos == qos })
        else {
            guard let left = owed[id], left > 0 else { return "PUBACK of \(id.rawValue), not sent" }
            owed[id] = left - 1
            return nil
        }
        // [MQTT-4.6.0-2]: in the order of the messages, as far as none was sent again.
        let before = messages[..<place].contains { $0.publish.qos == qos && $0.asked == 1 }
        guard !before || messages[place].asked > 1 else {
            return "PUBACK of \(id.rawValue) before that of an earlier one"
        }
        let message = messages.remove(at: place)
        answered[id] = message
        if message.asked > 1 { owed[id] = message.asked - 1 }
        return nil
    }

    mutating func receive(_ id: PacketID) -> String? {
        guard let place = place(id) else { return "PUBREC of \(id.rawValue), which was not sent" }
        if messages[place].progress == .sent { messages[place].progress = .received }
        return nil
    }

    mutating func release(_ id: PacketID) -> String? {
        takeUp(id, as: .received)
        hasSpoken = true
        guard let place = place(id) else { return "PUBREL of \(id.rawValue), which was not sent" }
        guard messages[place].progress != .sent else { return "PUBREL before PUBREC" }
        messages[place].progress = .released
        return nil
    }

    mutating func complete(_ id: PacketID) -> String? {
        guard let place = place(id) else {
            return "PUBCOMP of \(id.rawValue), which was not sent"
        }
        guard messages[place].progress == .released else { return "PUBCOMP before PUBREL" }
        answered[id] = messages.remove(at: place)
        return nil
    }

    private func place(_ id: PacketID) -> Int? {
        messages.firstIndex { $0.id == id && $0.publish.qos == .exactlyOnce }
    }
}
