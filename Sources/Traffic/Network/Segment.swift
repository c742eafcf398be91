/// A TCP segment found in a frame.
struct Segment {
    let source: Endpoint
    let destination: Endpoint
    let sequence: UInt32
    let acknowledgement: UInt32
    let flags: TCPFlags
    /// In the frame.
    let payload: Range<Int>
    /// Payload bytes that were sent behind `payload` and that the snap length kept out of the capture.
    let cut: Int
}

struct TCPFlags: OptionSet {
    let rawValue: UInt8

    static let fin = TCPFlags(rawValue: 1 << 0)
    static let syn = TCPFlags(rawValue: 1 << 1)
    static let rst = TCPFlags(rawValue: 1 << 2)
    static let ack = TCPFlags(rawValue: 1 << 4)
}

/// What a frame turned out to be.
enum Dissection {
    case segment(Segment)
    /// Other traffic, or too little of a frame to say.
    case other
    /// A fragment of an IP packet. They are not put together.
    case fragment
    /// A link type that is not known.
    case unsupportedLink
}

extension Dissection {
    /// - Parameter wireLength: of the frame, of which `frame` may be only the beginning.
    init(_ frame: RawSpan, link: LinkType, wireLength: Int) {
        guard let (network, at) = link.network(frame) else {
            self = link.isSupported ? .other : .unsupportedLink
            return
        }
        switch network {
        case .ipv4: self = Self.ipv4(frame, at, max(wireLength, frame.byteCount))
        case .ipv6: self = Self.ipv6(frame, at, max(wireLength, frame.byteCount))
        }
    }

    private static func ipv4(_ frame: RawSpan, _ at: Int, _ wireEnd: Int) -> Dissection {
        guard frame.byteCount >= at + 20, frame.byte(at: at) >> 4 == 4 else { return .other }
        let headerLength = Int(frame.byte(at: at) & 0x0F) * 4
        let totalLength = Int(frame.two(at: at + 2))
        guard headerLength >= 20, frame.byte(at: at + 9) == tcp else { return .other }
        // More fragments, or not the first
        guard frame.two(at: at + 6) & 0x3FFF == 0 else { return .fragment }
        // The length is 0 where the network card was left to cut the packet into segments.
        let end = totalLength == 0 ? wireEnd : at + totalLength
        return segment(
            frame, at + headerLength, end: min(end, wireEnd),
            (
                Endpoint(ipv4: frame.four(at: at + 12), port: 0),
                Endpoint(ipv4: frame.four(at: at + 16), port: 0)
            ))
    }

    private static func ipv6(_ frame: RawSpan, _ at: Int, _ wireEnd: Int) -> Dissection {
        guard frame.byteCount >= at + 40, frame.byte(at: at) >> 4 == 6 else { return .other }
        let length = Int(frame.two(at: at + 4))
        let end = length == 0 ? wireEnd : min(at + 40 + length, wireEnd)
        var (next, header) = (frame.byte(at: at + 6), at + 40)
        while next != tcp {
            guard frame.byteCount >= header + 8 else { return .other }
            let following = frame.byte(at: header)
            switch next {
            // Hop-by-hop, routing, destination options
            case 0, 43, 60: header += (Int(frame.byte(at: header + 1)) + 1) * 8
            // Authentication
            case 51: header += (Int(frame.byte(at: header + 1)) + 2) * 4
            case 44:
                // A fragment header on a whole packet is allowed (RFC 6946).
                guard frame.two(at: header + 2) & 0xFFF9 == 0 else {
                    return following == tcp ? .fragment : .other
                }
                header += 8
            default: return .other
            }
            next = following
        }
        return segment(
            frame, header, end: end,
            (address(frame, at + 8), address(frame, at + 24)))
    }

    private static func address(_ frame: RawSpan, _ at: Int) -> Endpoint {
        Endpoint(high: frame.eight(at: at), low: frame.eight(at: at + 8), port: 0)
    }

    private static func segment(
        _ frame: RawSpan, _ at: Int, end: Int, _ hosts: (source: Endpoint, destination: Endpoint)
    ) -> Dissection {
        guard frame.byteCount >= at + 20, end >= at + 20 else { return .other }
        let start = at + Int(frame.byte(at: at + 12) >> 4) * 4
        guard start >= at + 20, start <= end else { return .other }
        let captured = min(frame.byteCount, end)
        return .segment(
            Segment(
                source: hosts.source.with(port: frame.two(at: at)),
                destination: hosts.destination.with(port: frame.two(at: at + 2)),
                sequence: frame.four(at: at + 4), acknowledgement: frame.four(at: at + 8),
                flags: TCPFlags(rawValue: frame.byte(at: at + 13)),
                payload: start < captured ? start..<captured : 0..<0,
                cut: end - max(start, captured)))
    }

    private static let tcp: UInt8 = 6
}
