internal import MQTT

/// Looks for the next place where WebSocket frames with MQTT inside begin, after a gap or where a capture
/// starts in the middle.
///
/// Two bytes would do for a frame, so a place is believed only if a whole final frame lies there that holds
/// whole MQTT packets, as every client library sends them, and if what follows are such frames again; or if
/// it is the first byte of a segment and the frame begins with a long PUBLISH that fills it.
struct WebSocketSearch {
    let isClient: Bool

    private static let chain = 3
    private static let longestTopic = 1_024

    /// The way in which `bytes`, from the first one on, are frames of a connection that has begun before.
    /// - Returns: whether they are those of a client; nil if they are none.
    static func opens(_ bytes: RawSpan) -> Bool? {
        guard bytes.byteCount >= 2 else { return nil }
        let isClient = bytes.byte(at: 1) & 0x80 != 0
        let search = WebSocketSearch(isClient: isClient)
        return search.judge(bytes, 0, isSegmentStart: true) == .credible ? isClient : nil
    }

    /// - Parameter segmentStart: where in `bytes` the segment begins that came last.
    func next(in bytes: RawSpan, segmentStart: Int) -> BoundarySearch.Finding {
        var undecided = bytes.byteCount
        for offset in 0..<bytes.byteCount {
            switch judge(bytes, offset, isSegmentStart: offset == segmentStart) {
            case .credible: return .found(offset)
            case .undecided: undecided = min(undecided, offset)
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

    private func judge(_ bytes: RawSpan, _ start: Int, isSegmentStart: Bool) -> Judgement {
        var (offset, messages) = (start, 0)
        for _ in 0..<Self.chain {
            switch WebSocketHeader.read(bytes, at: offset) {
            case .impossible: return .wrong
            case .incomplete: return messages > 0 ? .credible : .undecided
            case .header(let header):
                guard isPossible(header) else { return .wrong }
                let start = offset + header.length
                let isWhole = bytes.byteCount - start >= header.payloadLength
                if !header.opcode.isControl {
                    let payload = start..<min(bytes.byteCount, start + header.payloadLength)
                    let judged = packets(bytes.extracting(payload), header)
                    guard judged != .wrong else { return .wrong }
                    guard isWhole else {
                        let isBelieved = messages > 0 || isSegmentStart && judged == .credible
                        return isBelieved ? .credible : .undecided
                    }
                    messages += 1
                } else if !isWhole {
                    return messages > 0 ? .credible : .undecided
                }
                offset = start + header.payloadLength
                if offset == bytes.byteCount { return messages > 0 ? .credible : .undecided }
            }
        }
        return messages > 0 ? .credible : .wrong
    }

    private func isPossible(_ header: WebSocketHeader) -> Bool {
        guard (header.mask != nil) == isClient, !header.isCompressed else { return false }
        return header.opcode.isControl
            || header.opcode == .binary && header.isFinal
                && 2...PacketLength.limit ~= header.payloadLength
    }

    /// Whether a frame holds whole packets, or the beginning of a PUBLISH that is as long as the frame.
    private func packets(_ masked: RawSpan, _ header: WebSocketHeader) -> Judgement {
        let direction: Direction = isClient ? .toBroker : .toClient
        guard masked.byteCount > 0 else { return .undecided }
        let first = unmasked(masked.extracting(first: 1), header)[0]
        guard isFirst(first, direction) else { return .wrong }
        guard masked.byteCount == header.payloadLength else { return beginning(masked, header) }
        let plain = unmasked(masked, header)
        let bytes = plain.span.bytes
        var offset = 0
        while offset < bytes.byteCount {
            guard isFirst(bytes.byte(at: offset), direction),
                case .known(let length) = PacketLength(bytes, at: offset),
                offset + length <= bytes.byteCount
            else { return .wrong }
            let packet = bytes.extracting(offset..<offset + length)
            let isSound = [ProtocolVersion.v3_1_1, .v5].contains {
                (try? DecodedPacket.Content(packet, version: $0)) != nil
            }
            guard isSound else { return .wrong }
            offset += length
        }
        return .credible
    }

    /// The frame is not all there: is it a long PUBLISH?
    private func beginning(_ masked: RawSpan, _ header: WebSocketHeader) -> Judgement {
        let head = unmasked(masked.extracting(first: min(masked.byteCount, 8)), header)
        guard head[0] >> 4 == PacketType.publish.rawValue else { return .undecided }
        switch PacketLength(head.span.bytes, at: 0) {
        case .impossible: return .wrong
        case .incomplete: return .undecided
        case .known(let length): guard length == header.payloadLength else { return .undecided }
        }
        let count = min(masked.byteCount, Self.longestTopic + 8)
        let plain = unmasked(masked.extracting(first: count), header)
        return startsPublish(plain.span.bytes) ? .credible : .undecided
    }

    private func isFirst(_ byte: UInt8, _ direction: Direction) -> Bool {
        PacketType(rawValue: byte >> 4)?.mayTravel(direction) ?? false
    }

    private func startsPublish(_ bytes: RawSpan) -> Bool {
        var at = 1
        while at < min(5, bytes.byteCount), bytes.byte(at: at) & 0x80 != 0 { at += 1 }
        at += 1
        guard at + 2 <= bytes.byteCount else { return false }
        let topic = at + 2..<at + 2 + Int(bytes.two(at: at))
        return !topic.isEmpty && topic.upperBound <= bytes.byteCount
            && isValidTopicName(bytes.extracting(topic))
    }

    private func unmasked(_ bytes: RawSpan, _ header: WebSocketHeader) -> [UInt8] {
        guard let mask = header.mask else { return bytes.withUnsafeBytes { Array($0) } }
        return (0..<bytes.byteCount).map {
            bytes.byte(at: $0) ^ UInt8(truncatingIfNeeded: mask >> UInt32(24 - 8 * ($0 & 3)))
        }
    }
}
