internal import MQTT

/// What one connection has to remember for a topic filter: topic aliases, and which packet identifiers
/// stand for a PUBLISH that was kept, so that its acknowledgements are kept too.
struct TopicMemory {
    /// By direction of the PUBLISH.
    private var aliases: [2 of [UInt16: [UInt8]]] = [[:], [:]]
    private var kept: [2 of Set<UInt16>] = [[], []]

    /// Whether the packet is a PUBLISH that is wanted, an answer to one, or no message at all: connections,
    /// subscriptions and pings are what a session needs to make sense.
    mutating func keeps(
        _ packet: DecodedPacket, _ bytes: RawSpan, _ selection: EventSelection
    ) -> Bool {
        let side = packet.direction == .toBroker ? 0 : 1
        switch packet.type {
        case .publish:
            guard case .publish(let header) = packet.content else { return false }
            return keeps(header, bytes, side, selection)
        case .puback, .pubcomp: return kept[1 - side].remove(packet.content.packetID) != nil
        case .pubrec:
            let id = packet.content.packetID
            // Refused: no PUBREL follows.
            if packet.content.reasonCode >= 0x80 { return kept[1 - side].remove(id) != nil }
            return kept[1 - side].contains(id)
        case .pubrel: return kept[side].contains(packet.content.packetID)
        default: return true
        }
    }

    private mutating func keeps(
        _ header: PublishHeader, _ bytes: RawSpan, _ side: Int, _ selection: EventSelection
    ) -> Bool {
        let isWanted: Bool
        if !header.topic.isEmpty {
            let topic = bytes.extracting(header.topic)
            if header.topicAlias != 0 {
                aliases[side][header.topicAlias] = topic.withUnsafeBytes { Array($0) }
            }
            isWanted = selection.wants(topic: topic)
        } else if let topic = aliases[side][header.topicAlias] {
            isWanted = selection.wants(topic: topic.span.bytes)
        } else {
            // Its topic was set before the recording began: nobody can say.
            isWanted = false
        }
        guard header.qos > .atMostOnce else { return isWanted }
        if isWanted {
            kept[side].insert(header.packetID)
        } else {
            kept[side].remove(header.packetID)
        }
        return isWanted
    }
}

extension DecodedPacket.Content {
    /// Of an acknowledgement; 0 where it is not said.
    fileprivate var reasonCode: UInt8 {
        switch self {
        case .other(.puback(let answer)), .other(.pubrec(let answer)), .other(.pubrel(let answer)),
            .other(.pubcomp(let answer)):
            answer.reasonCode
        default: 0
        }
    }
}
