/// The header of a frame (RFC 6455, section 5.2).
struct WebSocketHeader: Equatable {
    enum Opcode: UInt8 {
        case continuation = 0
        case text = 1
        case binary = 2
        case close = 8
        case ping = 9
        case pong = 10

        var isControl: Bool { rawValue >= 8 }
    }

    let opcode: Opcode
    let isFinal: Bool
    /// Of a compressed message, which an extension must have been agreed on for.
    let isCompressed: Bool
    /// Nil if the payload is not masked.
    let mask: UInt32?
    /// Bytes of the header.
    let length: Int
    let payloadLength: Int

    enum Finding: Equatable {
        case header(WebSocketHeader)
        case incomplete
        case impossible
    }

    /// The largest header, bytes.
    static let longest = 14
    private static let longestControl = 125

    static func read(_ bytes: RawSpan, at start: Int) -> Finding {
        guard bytes.byteCount - start >= 1 else { return .incomplete }
        let first = bytes.byte(at: start)
        // Two of the reserved bits have no use in any registered extension.
        guard first & 0x30 == 0, let opcode = Opcode(rawValue: first & 0x0F) else {
            return .impossible
        }
        guard bytes.byteCount - start >= 2 else { return .incomplete }
        let second = bytes.byte(at: start + 1)
        var (length, at) = (Int(second & 0x7F), start + 2)
        switch length {
        case 126:
            guard bytes.byteCount - at >= 2 else { return .incomplete }
            length = Int(bytes.two(at: at))
            at += 2
            // The shortest form has to be used.
            guard length > 125 else { return .impossible }
        case 127:
            guard bytes.byteCount - at >= 8 else { return .incomplete }
            let long = bytes.eight(at: at)
            at += 8
            guard long > 0xFFFF, long >> 63 == 0 else { return .impossible }
            length = Int(long)
        default: break
        }
        let isFinal = first & 0x80 != 0
        if opcode.isControl {
            guard isFinal, length <= longestControl, first & 0x40 == 0 else { return .impossible }
        }
        var mask: UInt32?
        if second & 0x80 != 0 {
            guard bytes.byteCount - at >= 4 else { return .incomplete }
            mask = bytes.four(at: at)
            at += 4
        }
        return .header(
            WebSocketHeader(
                opcode: opcode, isFinal: isFinal, isCompressed: first & 0x40 != 0, mask: mask,
                length: at - start, payloadLength: length))
    }
}
