package import MQTT

/// One whole MQTT packet of a connection, told to the observers of a capture together with its bytes.
package struct DecodedPacket: Sendable {
    /// Which connection; counts from 0 in the order in which connections were found.
    package var connection: Int
    package let direction: Direction
    /// Of the frame that completed it, in nanoseconds since the epoch.
    package let time: Int64
    package let type: PacketType
    /// Of the connection, as far as it is known yet.
    package let version: ProtocolVersion
    package let content: Content
    /// Nobody recorded it: it follows from the others, because a log does not hold packets like it.
    package let isInferred: Bool

    package init(
        connection: Int, direction: Direction, time: Int64, type: PacketType,
        version: ProtocolVersion, content: Content, isInferred: Bool = false
    ) {
        self.connection = connection
        self.direction = direction
        self.time = time
        self.type = type
        self.version = version
        self.content = content
        self.isInferred = isInferred
    }

    package enum Content: Sendable {
        case publish(PublishHeader)
        /// An acknowledgement in its short form, by its packet identifier.
        case acknowledgement(UInt16)
        case ping
        /// Everything else, which is rare enough to be built.
        case other(Packet)
    }
}

extension DecodedPacket.Content {
    /// Reads and checks a whole packet; the common ones without allocating.
    package init(_ packet: RawSpan, version: ProtocolVersion) throws(CodecError) {
        guard packet.byteCount >= 2, let type = PacketType(rawValue: packet.byte(at: 0) >> 4) else {
            throw .malformed(rule: .packetType, offset: 0)
        }
        switch type {
        case .publish:
            self = .publish(try PublishHeader.read(packet, version: version))
            return
        case .puback, .pubrec, .pubrel, .pubcomp:
            // In 3.1, DUP may be set on PUBREL.
            let isShort = packet.byteCount == 4 && packet.byte(at: 0) & 0x0F == type.reservedFlags
            let id = isShort ? packet.two(at: 2) : 0
            if id != 0 {
                self = .acknowledgement(id)
                return
            }
        case .pingreq, .pingresp:
            if packet.byteCount == 2, packet.byte(at: 0) & 0x0F == 0 {
                self = .ping
                return
            }
        default: break
        }
        self = .other(try Packet.read(packet, version: version))
    }

    var packetID: UInt16 {
        switch self {
        case .publish(let header): header.packetID
        case .acknowledgement(let id): id
        case .other(.puback(let answer)), .other(.pubrec(let answer)), .other(.pubrel(let answer)),
            .other(.pubcomp(let answer)):
            answer.packetID.rawValue
        default: 0
        }
    }
}

/// How a connection ended.
package enum Ending: String, CaseIterable, Sendable {
    /// The client sent DISCONNECT.
    case disconnect
    /// TCP was closed without it: the broker publishes the will.
    case fin
    case reset
    /// It was still open, as far as one can tell.
    case endOfCapture
}

/// Takes in what a capture holds, in the order of the file. Times of one connection never go back; those
/// of different connections may, by as much as the frames of the capture do.
package protocol TrafficObserver {
    /// - Parameter client: the end that is not the broker.
    mutating func opened(_ connection: Int, client: Endpoint, at time: Int64)
    /// The client of a connection whose CONNECT was not seen became known; at most once, before `closed`.
    mutating func identified(_ connection: Int, clientID: String, at time: Int64)
    mutating func received(_ packet: DecodedPacket, _ bytes: RawSpan)
    mutating func closed(
        _ connection: Int, version: ProtocolVersion, _ ending: Ending, at time: Int64)
    /// An observer that failed, or has all it needs, says false: then reading may end early.
    var wantsMore: Bool { get }
}

extension TrafficObserver {
    package mutating func identified(_ connection: Int, clientID: String, at time: Int64) {}
    package var wantsMore: Bool { true }
}
