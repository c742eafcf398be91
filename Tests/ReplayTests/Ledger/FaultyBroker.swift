import MQTT
import Measure
import Replay
import Traffic

/// A small broker of MQTT 5 in memory that keeps its promises, except for the one that it is told to break.
final class FaultyBroker: Transport {
    /// What it does wrong, and to which delivery to a subscriber, counted from 1.
    enum Fault: Equatable, Sendable {
        case drops(Int)
        /// Another time, with a new packet identifier.
        case duplicates(Int)
        /// Behind the next one to the same client at the same QoS.
        case reorders(Int)
        case delays(Int, by: Nanoseconds)
        /// The payload is another one.
        case damages(Int)
        case sendsToAll
        case forgetsSessions
        case ignoresExpiry
        case keepsRetained
        case forgetsRetained
        case swallowsWills
        case publishesEveryWill
    }

    private struct Queued {
        var publish: Publish
        let since: MonotonicTime
    }

    private final class Session {
        let name: String
        var expiry: UInt32
        var connection: Int?
        var subscriptions: [(filter: TopicFilter, qos: QoS)] = []
        var queue: [Queued] = []
        /// Sent and not completed.
        var open: [UInt16: Publish] = [:]
        var nextID: UInt16 = 0
        var will: Will?

        init(_ name: String, _ expiry: UInt32) { (self.name, self.expiry) = (name, expiry) }
    }

    var fault: Fault?
    var clock: () -> MonotonicTime
    /// PUBACKs and PUBRECs that it does not send, from now on.
    var answersToSwallow = 0
    /// Queued for one session at most.
    var queueLimit = Int.max
    private var sessions: [String: Session] = [:]
    private var byConnection: [Int: Session] = [:]
    private var retained: [String: Queued] = [:]
    private var leaving: [(connection: Int, packet: [UInt8], due: MonotonicTime)] = []
    private var heldBack: (connection: Int, qos: QoS, packet: [UInt8])?
    private var deliveries = 0
    private var connections = 0

    init(_ fault: Fault? = nil, clock: @escaping () -> MonotonicTime) {
        (self.fault, self.clock) = (fault, clock)
    }

    func open(from endpoint: Endpoint, at now: MonotonicTime) -> Int {
        connections += 1
        return connections
    }

    func close(_ connection: Int, at now: MonotonicTime) { end(connection, isFarewell: false) }

    func wait(until time: MonotonicTime) {}

    func receive(
        at now: MonotonicTime,
        _ body: (_ connection: Int, _ packet: RawSpan, _ arrived: MonotonicTime) -> Void
    ) {
        // What `body` answers may bring more.
        while let next = leaving.firstIndex(where: { $0.due <= clock() }) {
            let item = leaving.remove(at: next)
            guard byConnection[item.connection] != nil else { continue }
            body(item.connection, item.packet.span.bytes, clock())
        }
    }

    func send(_ packet: RawSpan, on connection: Int, intended: MonotonicTime) {
        guard let packet = try? Packet.read(packet, version: .v5) else { return }
        if case .connect(let connect) = packet { return connects(connect, connection) }
        guard let session = byConnection[connection] else { return }
        switch packet {
        case .publish(let publish):
            route(publish)
            guard let id = publish.packetID else { return }
            guard answersToSwallow == 0 else { return answersToSwallow -= 1 }
            let answer = Acknowledgement(packetID: id)
            say(publish.qos == .atLeastOnce ? .puback(answer) : .pubrec(answer), connection)
        case .pubrel(let release):
            say(.pubcomp(Acknowledgement(packetID: release.packetID)), connection)
        case .puback(let answer), .pubcomp(let answer):
            session.open[answer.packetID.rawValue] = nil
        case .pubrec(let answer):
            say(.pubrel(Acknowledgement(packetID: answer.packetID)), connection)
        case .subscribe(let subscribe): subscribes(subscribe, session, connection)
        case .unsubscribe(let unsubscribe):
            session.subscriptions.removeAll { unsubscribe.filters.contains($0.filter.text) }
            say(
                .unsuback(
                    Unsuback(
                        packetID: unsubscribe.packetID,
                        reasonCodes: unsubscribe.filters.map { _ in 0 })), connection)
        case .disconnect: end(connection, isFarewell: true)
        default: break
        }
    }

    private func connects(_ connect: Connect, _ connection: Int) {
        var expiry: UInt32 = 0
        for case .sessionExpiryInterval(let seconds) in connect.properties { expiry = seconds }
        if connect.cleanStart || fault == .forgetsSessions { sessions[connect.clientID] = nil }
        let isPresent = sessions[connect.clientID] != nil
        let session = sessions[connect.clientID] ?? Session(connect.clientID, expiry)
        sessions[connect.clientID] = session
        (session.connection, session.expiry, session.will) = (connection, expiry, connect.will)
        byConnection[connection] = session
        say(.connack(Connack(sessionPresent: isPresent)), connection)
        for (id, publish) in session.open.sorted(by: { $0.key < $1.key }) {
            var again = publish
            (again.dup, again.packetID) = (true, PacketID(id))
            say(.publish(again), connection)
        }
        let queue = session.queue
        session.queue = []
        for item in queue { deliver(item, to: session) }
    }

    private func end(_ connection: Int, isFarewell: Bool) {
        guard let session = byConnection.removeValue(forKey: connection) else { return }
        session.connection = nil
        if let will = session.will, fault != .swallowsWills,
            !isFarewell || fault == .publishesEveryWill
        {
            route(
                Publish(
                    qos: will.qos, retain: will.retain, topic: will.topic, payload: will.payload))
        }
        if session.expiry == 0 { sessions[session.name] = nil }
    }

    private func subscribes(_ subscribe: Subscribe, _ session: Session, _ connection: Int) {
        for options in subscribe.subscriptions {
            guard let filter = try? TopicFilter(options.filter) else { continue }
            session.subscriptions.append((filter, options.qos))
        }
        say(
            .suback(
                Suback(
                    packetID: subscribe.packetID,
                    reasonCodes: subscribe.subscriptions.map(\.qos.rawValue))), connection)
        guard fault != .forgetsRetained else { return }
        for options in subscribe.subscriptions {
            guard let filter = try? TopicFilter(options.filter) else { continue }
            for (topic, item) in retained.sorted(by: { $0.key < $1.key })
            where filter.matches(Array(topic.utf8).span.bytes) {
                var item = item
                item.publish.qos = min(item.publish.qos, options.qos)
                item.publish.retain = true
                deliver(item, to: session)
            }
        }
    }

    private func route(_ publish: Publish) {
        let topic = Array(publish.topic.utf8)
        let item = Queued(publish: publish, since: clock())
        if publish.retain, !(fault == .keepsRetained && retained[publish.topic] != nil) {
            retained[publish.topic] = publish.payload.isEmpty ? nil : item
        }
        for session in sessions.values.sorted(by: { $0.name < $1.name }) {
            let granted = session.subscriptions.filter { $0.filter.matches(topic.span.bytes) }
                .map(\.qos).max()
            guard let granted = granted ?? (fault == .sendsToAll ? .atMostOnce : nil) else {
                continue
            }
            var item = item
            item.publish.qos = min(publish.qos, granted)
            (item.publish.retain, item.publish.dup) = (false, false)
            deliver(item, to: session)
        }
    }

    private func deliver(_ item: Queued, to session: Session) {
        guard let connection = session.connection else {
            if item.publish.qos > .atMostOnce, session.queue.count < queueLimit {
                session.queue.append(item)
            }
            return
        }
        var publish = item.publish
        publish.properties = []
        for case .messageExpiryInterval(let seconds) in item.publish.properties {
            let waited = UInt32((clock() - item.since).seconds)
            guard waited < seconds || fault == .ignoresExpiry else { return }
            publish.properties = [.messageExpiryInterval(seconds - min(waited, seconds - 1))]
        }
        deliveries += 1
        if fault == .damages(deliveries) { publish.payload.append(0) }
        let packet = bytes(publish, session)
        switch fault {
        case .drops(deliveries): break
        case .duplicates(deliveries):
            leaving.append((connection, packet, clock()))
            leaving.append((connection, bytes(publish, session), clock()))
        case .reorders(deliveries): heldBack = (connection, publish.qos, packet)
        case .delays(deliveries, let time):
            leaving.append((connection, packet, clock() + time))
        default: leaving.append((connection, packet, clock()))
        }
        if let held = heldBack, held.packet != packet, held.connection == connection,
            held.qos == publish.qos
        {
            heldBack = nil
            leaving.append((held.connection, held.packet, clock()))
        }
    }

    private func bytes(_ publish: Publish, _ session: Session) -> [UInt8] {
        var publish = publish
        publish.packetID = nil
        if publish.qos > .atMostOnce {
            session.nextID += 1
            publish.packetID = PacketID(session.nextID)
            if fault != .drops(deliveries) { session.open[session.nextID] = publish }
        }
        return bytes(.publish(publish))
    }

    private func say(_ packet: Packet, _ connection: Int) {
        leaving.append((connection, bytes(packet), clock()))
    }

    private func bytes(_ packet: Packet) -> [UInt8] {
        var bytes: [UInt8] = []
        packet.write(to: &bytes, version: .v5)
        return bytes
    }
}
