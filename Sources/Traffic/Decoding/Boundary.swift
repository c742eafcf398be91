internal import MQTT

/// Who sends the bytes.
package enum Direction: Sendable {
    case toBroker
    case toClient
}

/// Where a packet ends, read without trusting that it is a packet.
enum PacketLength: Equatable {
    /// Of the whole packet, fixed header included.
    case known(Int)
    case incomplete
    /// Type 0, a length of more than four bytes, or a packet larger than is believed.
    case impossible

    /// Largest packet that is followed, in bytes. Brokers refuse far smaller ones (EMQX: 1 MiB), and a
    /// length beyond this is what a damaged byte looks like.
    static let limit = 16 << 20

    init(_ bytes: RawSpan, at offset: Int) {
        guard offset < bytes.byteCount else {
            self = .incomplete
            return
        }
        var length = 0
        for index in 0..<4 {
            let at = offset + 1 + index
            guard at < bytes.byteCount else {
                self = bytes.byte(at: offset) >> 4 == 0 ? .impossible : .incomplete
                return
            }
            let byte = bytes.byte(at: at)
            length |= Int(byte & 0x7F) << (7 * index)
            guard byte >= 0x80 else {
                let isBelieved = bytes.byte(at: offset) >> 4 != 0 && length <= Self.limit
                self = isBelieved ? .known(2 + index + length) : .impossible
                return
            }
        }
        self = .impossible
    }
}

/// Looks for the next place where packets begin, after a gap or where a capture starts in the middle.
///
/// A place is credible if whole packets follow each other from there to the end of what is known, or at
/// least `chain` of them do; or if it is the first byte of a segment and looks like a long PUBLISH.
struct BoundarySearch {
    let direction: Direction
    let version: ProtocolVersion?

    private static let chain = 3
    /// Longer topics are not believed here: they are rare, and checking them costs time.
    private static let longestTopic = 1_024

    enum Finding: Equatable {
        case found(Int)
        /// Nothing yet; what begins at this offset may still turn out to be one.
        case nothing(before: Int)
    }

    /// - Parameter segmentStart: where in `bytes` the segment begins that came last.
    func next(in bytes: RawSpan, from start: Int, segmentStart: Int) -> Finding {
        var undecided = bytes.byteCount
        for offset in start..<max(start, bytes.byteCount) {
            switch judge(bytes, offset) {
            case .credible: return .found(offset)
            case .undecided:
                if offset == segmentStart, isLongPublish(bytes, offset) { return .found(offset) }
                undecided = min(undecided, offset)
            case .wrong: continue
            }
        }
        return .nothing(before: undecided)
    }

    private enum Judgement {
        case credible
        case undecided
        case wrong
    }

    private func judge(_ bytes: RawSpan, _ start: Int) -> Judgement {
        var offset = start
        for _ in 0..<Self.chain {
            guard isPossible(bytes.byte(at: offset)) else { return .wrong }
            switch PacketLength(bytes, at: offset) {
            case .impossible: return .wrong
            case .incomplete: return .undecided
            case .known(let length):
                guard topicFits(bytes, offset, length) else { return .wrong }
                guard offset + length <= bytes.byteCount else { return .undecided }
                guard isSound(bytes.extracting(offset..<offset + length)) else { return .wrong }
                offset += length
                if offset == bytes.byteCount { return .credible }
            }
        }
        return .credible
    }

    /// Type and flags that this side may send.
    private func isPossible(_ first: UInt8) -> Bool {
        guard let type = PacketType(rawValue: first >> 4), type.mayTravel(direction) else {
            return false
        }
        if let flags = type.reservedFlags { return first & 0x0F == flags }
        return first & 0b0110 != 0b0110 && first & 0b1110 != 0b1000
    }

    private func topicFits(_ bytes: RawSpan, _ offset: Int, _ length: Int) -> Bool {
        guard bytes.byte(at: offset) >> 4 == PacketType.publish.rawValue else { return true }
        guard let topic = topic(bytes, offset) else { return length >= 4 }
        return topic.count <= Self.longestTopic && topic.upperBound - offset <= length
    }

    /// Where the topic of the PUBLISH at `offset` would be, which may be beyond the end.
    private func topic(_ bytes: RawSpan, _ offset: Int) -> Range<Int>? {
        var at = offset + 1
        while at < bytes.byteCount, bytes.byte(at: at) & 0x80 != 0 { at += 1 }
        at += 1
        guard at + 2 <= bytes.byteCount else { return nil }
        return at + 2..<at + 2 + Int(bytes.two(at: at))
    }

    private func isLongPublish(_ bytes: RawSpan, _ offset: Int) -> Bool {
        guard bytes.byte(at: offset) >> 4 == PacketType.publish.rawValue,
            let topic = topic(bytes, offset), topic.upperBound <= bytes.byteCount
        else { return false }
        return isValidTopicName(bytes.extracting(topic))
    }

    private func isSound(_ packet: RawSpan) -> Bool {
        let versions = version.map { [$0] } ?? [.v3_1_1, .v5]
        return versions.contains { (try? DecodedPacket.Content(packet, version: $0)) != nil }
    }
}

extension PacketType {
    /// Whether this side may send it.
    func mayTravel(_ direction: Direction) -> Bool {
        switch self {
        case .connect, .subscribe, .unsubscribe, .pingreq: direction == .toBroker
        case .connack, .suback, .unsuback, .pingresp: direction == .toClient
        case .publish, .puback, .pubrec, .pubrel, .pubcomp, .disconnect, .auth: true
        }
    }
}
