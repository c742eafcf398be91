/// IP packets, and what they carry.
extension Dissection {
    /// What is known of the IP packet that carries something.
    struct Packet {
        let hosts: Hosts
        var header: Int?
        var identification: UInt16 = 0
    }

    static func ipv4(_ frame: RawSpan, _ at: Int, _ end: Int, _ depth: Int) -> Dissection {
        guard frame.byteCount >= at + 20, frame.byte(at: at) >> 4 == 4 else { return .other }
        let headerLength = Int(frame.byte(at: at) & 0x0F) * 4
        let totalLength = Int(frame.two(at: at + 2))
        guard headerLength >= 20 else { return .other }
        // The length is 0 where the network card was left to cut the packet into segments.
        let end = totalLength == 0 ? end : min(at + totalLength, end)
        let hosts = Hosts(
            source: Endpoint(ipv4: frame.four(at: at + 12), port: 0),
            destination: Endpoint(ipv4: frame.four(at: at + 16), port: 0))
        let identification = frame.two(at: at + 4)
        let carried = frame.byte(at: at + 9)
        let part = frame.two(at: at + 6)
        // More fragments, or not the first
        guard part & 0x3FFF == 0 else {
            let key = FragmentKey(
                hosts: hosts, identification: UInt32(identification), carried: carried)
            return fragment(
                frame, at + headerLength, end, key, offset: Int(part & 0x1FFF) * 8,
                isLast: part & 0x2000 == 0)
        }
        return Self.carried(
            frame, carried, at + headerLength, end,
            Packet(hosts: hosts, header: at, identification: identification), depth)
    }

    static func ipv6(_ frame: RawSpan, _ at: Int, _ end: Int, _ depth: Int) -> Dissection {
        guard frame.byteCount >= at + 40, frame.byte(at: at) >> 4 == 6 else { return .other }
        let length = Int(frame.two(at: at + 4))
        let end = length == 0 ? end : min(at + 40 + length, end)
        let hosts = Hosts(source: address(frame, at + 8), destination: address(frame, at + 24))
        var (next, header) = (frame.byte(at: at + 6), at + 40)
        while true {
            switch next {
            case IPProtocol.hopByHop, IPProtocol.routing, IPProtocol.destinationOptions,
                IPProtocol.mobility, IPProtocol.hostIdentity, IPProtocol.shim:
                guard frame.byteCount >= header + 8 else { return .other }
                next = frame.byte(at: header)
                header += (Int(frame.byte(at: header + 1)) + 1) * 8
            case IPProtocol.authentication:
                guard frame.byteCount >= header + 8 else { return .other }
                next = frame.byte(at: header)
                header += (Int(frame.byte(at: header + 1)) + 2) * 4
            case IPProtocol.fragment:
                guard frame.byteCount >= header + 8 else { return .other }
                next = frame.byte(at: header)
                let part = frame.two(at: header + 2)
                // A fragment header on a whole packet is allowed (RFC 6946).
                guard part & 0xFFF9 == 0 else {
                    let key = FragmentKey(
                        hosts: hosts, identification: frame.four(at: header + 4), carried: next)
                    return fragment(
                        frame, header + 8, end, key, offset: Int(part & 0xFFF8),
                        isLast: part & 1 == 0)
                }
                header += 8
            default:
                return Self.carried(
                    frame, next, header, end, Packet(hosts: hosts, header: at), depth)
            }
        }
    }

    static func address(_ frame: RawSpan, _ at: Int) -> Endpoint {
        Endpoint(high: frame.eight(at: at), low: frame.eight(at: at + 8), port: 0)
    }

    static func fragment(
        _ frame: RawSpan, _ start: Int, _ end: Int, _ key: FragmentKey, offset: Int, isLast: Bool
    ) -> Dissection {
        switch key.carried {
        case IPProtocol.tcp, IPProtocol.udp, IPProtocol.ipv4, IPProtocol.ipv6, IPProtocol.gre: break
        default: return .other
        }
        let captured = min(end, frame.byteCount)
        guard start < captured else { return .other }
        return .fragment(
            Fragment(
                key: key, offset: offset, isLast: isLast, bytes: start..<captured,
                isCut: captured < end))
    }

    static func carried(
        _ frame: RawSpan, _ kind: UInt8, _ at: Int, _ end: Int, _ packet: Packet, _ depth: Int
    ) -> Dissection {
        switch kind {
        case IPProtocol.tcp: return segment(frame, at, end, packet)
        case IPProtocol.ipv4: return nested(frame, at, end, depth, ipv4)
        case IPProtocol.ipv6: return nested(frame, at, end, depth, ipv6)
        case IPProtocol.gre: return nested(frame, at, end, depth, gre)
        case IPProtocol.udp: return nested(frame, at, end, depth, udp)
        default: return .other
        }
    }

    static func segment(
        _ frame: RawSpan, _ at: Int, _ end: Int, _ packet: Packet
    ) -> Dissection {
        guard frame.byteCount >= at + 20, end >= at + 20 else { return .other }
        let start = at + Int(frame.byte(at: at + 12) >> 4) * 4
        guard start >= at + 20, start <= end else { return .other }
        let captured = min(frame.byteCount, end)
        return .segment(
            Segment(
                source: packet.hosts.source.with(port: frame.two(at: at)),
                destination: packet.hosts.destination.with(port: frame.two(at: at + 2)),
                sequence: frame.four(at: at + 4), acknowledgement: frame.four(at: at + 8),
                flags: TCPFlags(rawValue: frame.byte(at: at + 13)),
                payload: start < captured ? start..<captured : 0..<0,
                cut: end - max(start, captured), header: at, network: packet.header,
                identification: packet.identification))
    }
}
