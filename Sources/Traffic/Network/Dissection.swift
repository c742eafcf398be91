/// What a frame turned out to be.
///
/// Links and tunnels are taken off one after the other until TCP comes, at most `depthLimit` of them. Every
/// length is checked against what was captured; what a frame claims beyond its end is believed only as far
/// as the frame was that long on the wire.
enum Dissection {
    case segment(Segment)
    case fragment(Fragment)
    /// Other traffic, or too little of a frame to say.
    case other
    /// A link type that is not known.
    case unsupportedLink
}

extension Dissection {
    /// Networks inside networks: deeper is a loop, or meant to cost time.
    static let depthLimit = 8

    /// - Parameter wireLength: of the frame, of which `frame` may be only the beginning.
    init(_ frame: RawSpan, link: LinkType, wireLength: Int) {
        let end = max(wireLength, frame.byteCount)
        switch link {
        case .ethernet: self = Self.ethernet(frame, 0, end, 0)
        case .linuxCooked: self = Self.typed(frame, at: 14, then: 16, end, 0)
        case .linuxCooked2: self = Self.typed(frame, at: 0, then: 20, end, 0)
        // Four bytes with an address family, whose number and byte order depend on the system that wrote it:
        // the packet itself says better what it is.
        case .null, .loop: self = Self.internet(frame, 4, end, 0)
        case .raw, .rawBSDOS, .rawOpenBSD, .ipv4, .ipv6: self = Self.internet(frame, 0, end, 0)
        case .ppp, .pppHDLC: self = Self.ppp(frame, 0, end, 0)
        case .pppoe: self = Self.ppp(frame, 6, end, 0)
        case .ciscoHDLC: self = Self.typed(frame, at: 2, then: 4, end, 0)
        default: self = .unsupportedLink
        }
    }

    /// What the fragments of one packet make together.
    init(_ packet: RawSpan, of key: FragmentKey, depth: Int) {
        self = Self.carried(
            packet, key.carried, 0, packet.byteCount, Packet(hosts: key.hosts), depth)
    }

    static func ethernet(_ frame: RawSpan, _ at: Int, _ end: Int, _ depth: Int) -> Dissection {
        typed(frame, at: at + 12, then: at + 14, end, depth)
    }

    /// An ether type at `offset` and what it announces at `next`.
    static func typed(
        _ frame: RawSpan, at offset: Int, then next: Int, _ end: Int, _ depth: Int
    ) -> Dissection {
        guard frame.byteCount >= max(offset + 2, next) else { return .other }
        var (type, at) = (frame.two(at: offset), next)
        while true {
            switch type {
            case EtherType.ipv4: return ipv4(frame, at, end, depth)
            case EtherType.ipv6: return ipv6(frame, at, end, depth)
            case EtherType.tags[0], EtherType.tags[1], EtherType.tags[2], EtherType.tags[3],
                EtherType.tags[4]:
                guard frame.byteCount >= at + 4 else { return .other }
                (type, at) = (frame.two(at: at + 2), at + 4)
            case EtherType.mpls, EtherType.mplsMulticast: return mpls(frame, at, end, depth)
            case EtherType.pppoeSession: return ppp(frame, at + 6, end, depth)
            case EtherType.bridging: return nested(frame, at, end, depth, ethernet)
            case ..<EtherType.least:
                // LLC with SNAP (RFC 1042)
                guard frame.byteCount >= at + 8, frame.four(at: at) == 0xAAAA_0300,
                    frame.two(at: at + 4) >> 8 == 0
                else { return .other }
                (type, at) = (frame.two(at: at + 6), at + 8)
                guard type >= EtherType.least else { return .other }
            default: return .other
            }
        }
    }

    static func mpls(_ frame: RawSpan, _ start: Int, _ end: Int, _ depth: Int) -> Dissection {
        var at = start
        while frame.byteCount >= at + 4 {
            // The bit that says that no label follows (RFC 3032)
            let isLast = frame.byte(at: at + 2) & 1 != 0
            at += 4
            if isLast { return internet(frame, at, end, depth) }
        }
        return .other
    }

    /// A PPP frame (RFC 1661, 1662), whose address and protocol fields may be compressed.
    static func ppp(_ frame: RawSpan, _ start: Int, _ end: Int, _ depth: Int) -> Dissection {
        var at = start
        if frame.byteCount >= at + 2, frame.two(at: at) == 0xFF03 { at += 2 }
        guard frame.byteCount >= at + 2 else { return .other }
        let isShort = frame.byte(at: at) & 1 != 0
        let kind = isShort ? UInt16(frame.byte(at: at)) : frame.two(at: at)
        at += isShort ? 1 : 2
        switch kind {
        case 0x0021: return ipv4(frame, at, end, depth)
        case 0x0057: return ipv6(frame, at, end, depth)
        default: return .other
        }
    }

    static func internet(_ frame: RawSpan, _ at: Int, _ end: Int, _ depth: Int) -> Dissection {
        guard frame.byteCount > at else { return .other }
        switch frame.byte(at: at) >> 4 {
        case 4: return ipv4(frame, at, end, depth)
        case 6: return ipv6(frame, at, end, depth)
        default: return .other
        }
    }

    static func nested(
        _ frame: RawSpan, _ at: Int, _ end: Int, _ depth: Int,
        _ inner: (RawSpan, Int, Int, Int) -> Dissection
    ) -> Dissection {
        depth < depthLimit ? inner(frame, at, end, depth + 1) : .other
    }
}
