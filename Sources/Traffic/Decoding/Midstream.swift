internal import MQTT

/// How much what one end sends looks like the middle of an MQTT connection, on a port that says nothing. Only
/// places where a segment begins are looked at, and each byte about once.
struct Midstream {
    /// Behind the last packet that was found sound.
    private var at = 0
    private(set) var weight = 0
    /// Only a client, or only a broker, sends what was found.
    private(set) var sender: Direction?
    /// Something is no packet.
    private(set) var isForeign = false

    /// Weight from which on it is believed, and if the other end sends something else.
    static let enough = (alone: 2, against: 4)

    /// - Parameters:
    ///   - bytes: all that is kept, of which nothing was taken away since the last time.
    ///   - segmentStart: where the segment begins that came last.
    mutating func look(_ bytes: RawSpan, segmentStart: Int) {
        if scan(bytes) { return }
        isForeign = true
        (at, weight, sender) = (max(segmentStart, at), 0, nil)
        if !scan(bytes) { (at, weight, sender) = (bytes.byteCount, 0, nil) }
    }

    /// - Returns: false if something is no packet.
    private mutating func scan(_ bytes: RawSpan) -> Bool {
        while at < bytes.byteCount {
            guard let type = PacketType(rawValue: bytes.byte(at: at) >> 4) else { return false }
            switch PacketLength(bytes, at: at) {
            case .impossible: return false
            case .incomplete: return true
            case .known(let length):
                guard at + length <= bytes.byteCount else { return true }
                let packet = bytes.extracting(at..<at + length)
                let isSound = [ProtocolVersion.v3_1_1, .v5].contains {
                    (try? DecodedPacket.Content(packet, version: $0)) != nil
                }
                guard isSound, agree(type) else { return false }
                weight += type.evidence
                at += length
            }
        }
        return true
    }

    private mutating func agree(_ type: PacketType) -> Bool {
        let direction: Direction
        switch (type.mayTravel(.toBroker), type.mayTravel(.toClient)) {
        case (true, false): direction = .toBroker
        case (false, true): direction = .toClient
        default: return true
        }
        if let sender, sender != direction { return false }
        sender = direction
        return true
    }
}

extension PacketType {
    /// How little likely it is that other bytes look like a sound one: the short ones need company.
    fileprivate var evidence: Int {
        switch self {
        case .publish, .connect, .connack, .subscribe, .suback, .unsubscribe: 2
        case .puback, .pubrec, .pubrel, .pubcomp, .unsuback, .pingreq, .pingresp, .disconnect,
            .auth:
            1
        }
    }
}
