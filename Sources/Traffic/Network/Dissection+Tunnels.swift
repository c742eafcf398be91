/// Networks inside packets.
extension Dissection {
    /// Generic routing encapsulation (RFC 2784, 2890), also as switches mirror ports with it (ERSPAN).
    static func gre(_ frame: RawSpan, _ start: Int, _ end: Int, _ depth: Int) -> Dissection {
        guard frame.byteCount >= start + 4 else { return .other }
        let (flags, type) = (frame.two(at: start), frame.two(at: start + 2))
        // Version 0, and no source routes, which are long gone
        guard flags & 0x4007 == 0 else { return .other }
        let hasSequence = flags & 0x1000 != 0
        var at = start + 4
        for bit: UInt16 in [0x8000, 0x2000, 0x1000] where flags & bit != 0 { at += 4 }
        switch type {
        // Without a sequence number it is of type I, which has no header of its own.
        case EtherType.erspan2:
            return nested(frame, at + (hasSequence ? 8 : 0), end, depth, ethernet)
        case EtherType.erspan3:
            guard frame.byteCount >= at + 12 else { return .other }
            let hasMore = frame.byte(at: at + 11) & 1 != 0
            return nested(frame, at + (hasMore ? 20 : 12), end, depth, ethernet)
        default: return typed(frame, at: start + 2, then: at, end, depth)
        }
    }

    static func udp(_ frame: RawSpan, _ at: Int, _ end: Int, _ depth: Int) -> Dissection {
        guard frame.byteCount >= at + 16 else { return .other }
        let length = Int(frame.two(at: at + 4))
        let end = length < 8 ? end : min(end, at + length)
        switch frame.two(at: at + 2) {
        case TunnelPort.vxlan, TunnelPort.vxlanLinux:
            // The bit that says that there is a network identifier (RFC 7348)
            guard frame.byte(at: at + 8) & 0x08 != 0 else { return .other }
            return ethernet(frame, at + 16, end, depth)
        case TunnelPort.geneve:
            // Version 0 and options in words of four bytes (RFC 8926)
            let options = frame.byte(at: at + 8)
            guard options >> 6 == 0 else { return .other }
            return typed(
                frame, at: at + 10, then: at + 16 + Int(options & 0x3F) * 4, end, depth)
        default: return .other
        }
    }
}
