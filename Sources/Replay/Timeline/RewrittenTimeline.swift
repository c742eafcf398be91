internal import MQTT
internal import Measure
internal import Traffic

/// A rule by which packets of a timeline are changed, each on its own.
protocol PacketRule {
    /// - Returns: the CONNECT as it is to be sent; nil to leave it as it is.
    mutating func connect(_ connect: Connect, of client: RuleSubject) -> Connect?
    /// - Parameter topic: of the message, also where an alias stands for it.
    /// - Returns: nil to leave the message out.
    mutating func publish(
        _ header: PublishHeader, _ packet: RawSpan, topic: RawSpan, of client: RuleSubject
    ) -> PublishEdit?
    /// - Returns: nil to leave it as it is.
    mutating func disconnect(_ disconnect: Disconnect, of client: RuleSubject) -> Disconnect?
}

extension PacketRule {
    mutating func connect(_ connect: Connect, of client: RuleSubject) -> Connect? { nil }
    mutating func publish(
        _ header: PublishHeader, _ packet: RawSpan, topic: RawSpan, of client: RuleSubject
    ) -> PublishEdit? { PublishEdit() }
    mutating func disconnect(_ disconnect: Disconnect, of client: RuleSubject) -> Disconnect? {
        nil
    }
}

/// Changes nothing; messages whose topic nobody knows are left out, as under every rule.
struct Unchanged: PacketRule {}

/// Whose packet a rule is asked about.
struct RuleSubject {
    /// Its number in the timeline.
    let number: Int
    let clientID: String
    let version: ProtocolVersion
}

/// A timeline with some of its packets changed by a rule.
final class RewrittenTimeline<Rule: PacketRule>: Timeline {
    private let base: any Timeline
    private(set) var rule: Rule
    /// By client.
    private var versions: [ProtocolVersion] = []
    private var aliases = AliasMemory()
    /// The packet of the last step, if it was changed.
    private var made: [UInt8] = []
    private var isMade = false

    init(_ base: any Timeline, _ rule: Rule) { (self.base, self.rule) = (base, rule) }

    var clients: [TimelineClient] { base.clients }

    func next() throws(CaptureError) -> TimelineStep? {
        while let step = try base.next() {
            isMade = false
            switch step.kind {
            case .opened(_, let version):
                while versions.count <= step.client { versions.append(version) }
                versions[step.client] = version
                aliases.forget(step.client)
                return step
            case .closed: return step
            case .packet(let type, _, _):
                if let changed = changed(step, type) { return changed }
            }
        }
        return nil
    }

    func withPacket(_ body: (RawSpan) -> Void) {
        if isMade { made.withPacket(body) } else { base.withPacket(body) }
    }

    func answerDelays(of client: Int) -> [Nanoseconds?] {
        base.answerDelays(of: client)
    }

    /// - Returns: nil if the packet is left out.
    private func changed(_ step: TimelineStep, _ type: PacketType) -> TimelineStep? {
        switch type {
        case .connect, .disconnect:
            base.withPacket { change($0, step.client) }
            return step
        case .publish:
            var changed: TimelineStep?
            base.withPacket { changed = publish(step, $0) }
            return changed
        default: return step
        }
    }

    private func subject(_ client: Int) -> RuleSubject {
        RuleSubject(
            number: client, clientID: base.clients[client].clientID, version: versions[client])
    }

    private func change(_ packet: RawSpan, _ client: Int) {
        let subject = subject(client)
        let changed: Packet?
        switch try? Packet.read(packet, version: subject.version) {
        case .connect(let connect)?:
            changed = rule.connect(connect, of: subject).map(Packet.connect)
        case .disconnect(let disconnect)?:
            changed = rule.disconnect(disconnect, of: subject).map(Packet.disconnect)
        default: changed = nil
        }
        guard let changed else { return }
        made.removeAll(keepingCapacity: true)
        changed.write(to: &made, version: subject.version)
        isMade = true
    }

    private func publish(_ step: TimelineStep, _ packet: RawSpan) -> TimelineStep? {
        let subject = subject(step.client)
        guard let header = try? PublishHeader.read(packet, version: subject.version) else {
            return step
        }
        let aliased = aliases.note(header, packet, of: step.client)
        // What an alias stands for that was set before the recording began is not known to anybody.
        if header.topic.isEmpty, aliased == nil { return nil }
        var edit: PublishEdit?
        if let aliased {
            edit = rule.publish(header, packet, topic: aliased.span.bytes, of: subject)
            if !aliases.isKnown(header, of: step.client) { edit?.topic = aliased }
        } else {
            let topic = packet.extracting(header.topic)
            edit = rule.publish(header, packet, topic: topic, of: subject)
        }
        guard let edit else { return nil }
        aliases.sent(header, of: step.client)
        guard !edit.isNothing else { return step }
        let offset = edit.write(header, packet, version: subject.version, to: &made)
        isMade = true
        var changed = step
        changed.kind = .packet(.publish, qos: edit.qos ?? header.qos, packetIDOffset: offset)
        return changed
    }
}
