internal import MQTT
internal import Measure

/// One recorded client, living its life again: it answers what it is sent, and gives its own packet
/// identifiers, because the recorded ones belong to another conversation.
struct VirtualClient {
    /// What a packet identifier of ours stands for.
    private struct Owed {
        let id: PacketID
        let intended: MonotonicTime
        /// PUBREC has come; the wait is for PUBCOMP.
        var released = false
    }

    /// Its network connection, while it has one.
    var connection: Int?
    private var owed: [Owed] = []
    private var last: UInt16 = 0

    /// What to do after an answer.
    enum Reaction: Equatable {
        case nothing
        /// PUBACK or, at QoS 2, PUBREC: the broker took the message that was due at this time.
        case acknowledged(intended: MonotonicTime, answer: Answer?)
        case deliver(qos: QoS, answer: Answer?)
        case reply(Answer)
        case connected
        /// A CONNACK, PUBACK or PUBREC with a failure code.
        case refused(UInt8)
    }

    /// An acknowledgement that is to be sent.
    struct Answer: Equatable {
        let type: PacketType
        let id: PacketID
    }

    /// The next packet identifier, to be acknowledged for a message that was due at `intended`.
    mutating func nextID(intended: MonotonicTime) -> PacketID {
        while true {
            last &+= 1
            if let id = PacketID(last), !owed.contains(where: { $0.id == id }) {
                owed.append(Owed(id: id, intended: intended))
                return id
            }
        }
    }

    /// A clean start, or a lost session: nothing is owed any more.
    mutating func forget() { owed.removeAll(keepingCapacity: true) }

    mutating func received(_ packet: RawSpan, version: ProtocolVersion) -> Reaction {
        do throws(CodecError) {
            let header = try FixedHeader.read(packet, at: 0)
            switch header.type {
            case .publish:
                let publish = try PublishHeader.read(packet, version: version)
                let type = publish.qos == .atLeastOnce ? PacketType.puback : .pubrec
                return .deliver(
                    qos: publish.qos,
                    answer: PacketID(publish.packetID).map { Answer(type: type, id: $0) })
            case .puback, .pubrec, .pubcomp:
                let answer = try AcknowledgementHeader.read(packet, version: version)
                return settle(header.type, answer.packetID, answer.reasonCode)
            case .pubrel:
                let answer = try AcknowledgementHeader.read(packet, version: version)
                return .reply(Answer(type: .pubcomp, id: answer.packetID))
            case .connack:
                guard case .connack(let connack) = try Packet.read(packet, version: version) else {
                    return .nothing
                }
                return connack.reasonCode == 0 ? .connected : .refused(connack.reasonCode)
            case .suback, .unsuback:
                settleSubscription(try Packet.read(packet, version: version))
                return .nothing
            case .pingresp, .disconnect, .auth, .connect, .subscribe, .unsubscribe, .pingreq:
                return .nothing
            }
        } catch {
            return .nothing
        }
    }

    private mutating func settle(_ type: PacketType, _ id: PacketID, _ reason: UInt8) -> Reaction {
        guard let place = owed.firstIndex(where: { $0.id == id }) else { return .nothing }
        let intended = owed[place].intended
        if reason >= 0x80 {
            owed.remove(at: place)
            return .refused(reason)
        }
        switch type {
        case .pubrec:
            let again = owed[place].released
            owed[place].released = true
            let release = Answer(type: .pubrel, id: id)
            return again ? .reply(release) : .acknowledged(intended: intended, answer: release)
        case .puback:
            owed.remove(at: place)
            return .acknowledged(intended: intended, answer: nil)
        default:
            owed.remove(at: place)
            return .nothing
        }
    }

    private mutating func settleSubscription(_ packet: Packet) {
        let id: PacketID
        switch packet {
        case .suback(let suback): id = suback.packetID
        case .unsuback(let unsuback): id = unsuback.packetID
        default: return
        }
        owed.removeAll { $0.id == id }
    }
}
