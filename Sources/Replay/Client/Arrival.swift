internal import MQTT
internal import Measure

/// An acknowledgement that is to be sent.
struct Answer: Equatable {
    let type: PacketType
    let id: PacketID
}

/// What a packet of the broker means to the client that it came to.
enum Arrival: Equatable {
    case nothing
    case accepted(Connack)
    /// A CONNACK with a failure code.
    case turnedAway
    /// PUBACK or, at QoS 2, PUBREC: the broker took the message that was due at this time.
    /// - Parameter sent: when it was sent first.
    case acknowledged(QoS, intended: MonotonicTime, sent: MonotonicTime, answer: Answer?)
    /// PUBCOMP.
    case completed(intended: MonotonicTime)
    /// A PUBACK or PUBREC with a failure code.
    case refused
    /// SUBACK or UNSUBACK.
    case granted(intended: MonotonicTime)
    /// - Parameter isNew: it is not the repetition of one at QoS 2 that was received and is not released.
    case delivered(QoS, isNew: Bool, answer: Answer?)
    case reply(Answer)
    /// A DISCONNECT, which only brokers of version 5 send.
    case dismissed
    /// An answer to nothing that was asked, or of the wrong kind.
    case unexpected
    case malformed
}

extension VirtualClient {
    /// - Parameter copies: what is acknowledged is given back to it.
    mutating func received(_ packet: RawSpan, _ copies: inout ByteStore) -> Arrival {
        do throws(CodecError) {
            let header = try FixedHeader.read(packet, at: 0)
            switch header.type {
            case .publish: return deliver(try PublishHeader.read(packet, version: version))
            case .puback, .pubrec, .pubcomp:
                let answer = try AcknowledgementHeader.read(packet, version: version)
                return settle(header.type, answer.packetID, answer.reasonCode, &copies)
            case .pubrel:
                let release = try AcknowledgementHeader.read(packet, version: version)
                unreleased.remove(release.packetID)
                return .reply(Answer(type: .pubcomp, id: release.packetID))
            case .pingresp: return .nothing
            default: return control(try Packet.read(packet, version: version))
            }
        } catch { return .malformed }
    }

    private mutating func deliver(_ publish: PublishHeader) -> Arrival {
        guard let id = PacketID(publish.packetID) else {
            return .delivered(.atMostOnce, isNew: true, answer: nil)
        }
        guard publish.qos == .exactlyOnce else {
            return .delivered(.atLeastOnce, isNew: true, answer: Answer(type: .puback, id: id))
        }
        // [MQTT-4.3.3-10]: until it is released, the same identifier is the same message.
        let isNew = unreleased.insert(id).inserted
        return .delivered(.exactlyOnce, isNew: isNew, answer: Answer(type: .pubrec, id: id))
    }

    private mutating func settle(
        _ type: PacketType, _ id: PacketID, _ reason: UInt8, _ copies: inout ByteStore
    ) -> Arrival {
        guard let entry = inFlight[id] else {
            // So that the broker can end an exchange that this side has forgotten.
            return type == .pubrec ? .reply(Answer(type: .pubrel, id: id)) : .unexpected
        }
        switch (entry.kind, type) {
        case (.qos1, .puback), (.qos2, .pubrec):
            if let copy = entry.copy { copies.release(copy) }
            if reason >= 0x80 {
                inFlight.remove(id)
                return .refused
            }
            guard entry.kind == .qos2 else {
                inFlight.remove(id)
                return .acknowledged(
                    .atLeastOnce, intended: entry.intended, sent: entry.sent, answer: nil)
            }
            inFlight.release(id)
            return .acknowledged(
                .exactlyOnce, intended: entry.intended, sent: entry.sent,
                answer: Answer(type: .pubrel, id: id))
        case (.release, .pubrec): return .reply(Answer(type: .pubrel, id: id))
        case (.release, .pubcomp):
            inFlight.remove(id)
            return .completed(intended: entry.intended)
        default: return .unexpected
        }
    }

    private mutating func control(_ packet: Packet) -> Arrival {
        switch packet {
        case .connack(let connack):
            guard case .greeting = link else { return .unexpected }
            return connack.reasonCode == 0 ? .accepted(connack) : .turnedAway
        case .suback(let suback): return grant(suback.packetID)
        case .unsuback(let unsuback): return grant(unsuback.packetID)
        case .disconnect: return .dismissed
        default: return .unexpected
        }
    }

    private mutating func grant(_ id: PacketID) -> Arrival {
        guard let entry = inFlight[id], entry.kind == .request else { return .unexpected }
        inFlight.remove(id)
        return .granted(intended: entry.intended)
    }
}
