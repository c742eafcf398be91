/// The two ends of a connection as every frame between them names them; made once for each connection.
struct FrameEnds {
    /// Of the client and of the broker, four bytes each, or sixteen.
    let addresses: [2 of [UInt8]]
    let ports: [2 of UInt16]
    /// The Ethernet header of what each side sends.
    let ethernet: [2 of [UInt8]]
    /// What the addresses add to the checksum of TCP.
    let sum: UInt64

    var isIPv4: Bool { addresses[0].count == 4 }

    init(client: Endpoint, broker: BrokerEnd) {
        let theirs = client.address
        let ours = theirs.count == 4 ? broker.ipv4 : broker.ipv6
        addresses = [theirs, ours]
        ports = [client.port, broker.port]
        let kind: [UInt8] = theirs.count == 4 ? [0x08, 0x00] : [0x86, 0xDD]
        let (from, to) = (Self.hardware(theirs), Self.hardware(ours))
        ethernet = [to + from + kind, from + to + kind]
        sum = Checksum.sum(theirs.span.bytes) + Checksum.sum(ours.span.bytes)
    }

    /// A locally administered Ethernet address that ends like the IP address.
    private static func hardware(_ address: [UInt8]) -> [UInt8] { [2, 0] + address.suffix(4) }
}

/// Where the broker of a capture that is made is to be found.
struct BrokerEnd {
    let ipv4: [UInt8]
    let port: UInt16
    /// fd00::1, for clients of IPv6.
    let ipv6: [UInt8] = [0xFD] + [UInt8](repeating: 0, count: 14) + [1]
}

/// Puts TCP segments into IP packets and those into Ethernet frames, with the right checksums.
enum FrameBuilder {
    private static let tcpHeader = 20
    private static let tcpProtocol: UInt8 = 6
    private static let timeToLive: UInt8 = 64
    /// Scaled by seven bits, as Linux offers it at first: 64,256 bytes.
    private static let window: UInt16 = 502
    private static let windowScale: UInt8 = 7

    static func append(
        _ segment: TCPSegment, _ ends: FrameEnds, _ identification: inout [2 of UInt16],
        _ payload: RawSpan, _ bytes: inout [UInt8]
    ) {
        let (from, to) = (segment.side, 1 - segment.side)
        bytes += ends.ethernet[from]
        let isSYN = segment.flags.contains(.syn)
        let header = tcpHeader + (isSYN ? options.count : 0)
        let length = header + payload.byteCount
        if ends.isIPv4 {
            appendIPv4(ends, segment.side, length, identification[from], &bytes)
            identification[from] &+= 1
        } else {
            // Version, no class, no flow label.
            bytes.append(big: UInt32(0x6000_0000))
            bytes.append(big: UInt16(length))
            bytes.append(tcpProtocol)
            bytes.append(timeToLive)
            bytes += ends.addresses[from]
            bytes += ends.addresses[to]
        }
        let start = bytes.count
        bytes.append(big: ends.ports[from])
        bytes.append(big: ends.ports[to])
        bytes.append(big: segment.sequence)
        bytes.append(big: segment.acknowledged)
        bytes.append(UInt8(header / 4) << 4)
        bytes.append(segment.flags.rawValue)
        // The scale is for what follows the SYN (RFC 7323, 2.2).
        bytes.append(big: isSYN ? UInt16(64_240) : window)
        bytes.append(big: UInt32(0))
        if isSYN { bytes += options }
        payload.withUnsafeBytes { bytes.append(contentsOf: $0) }
        // RFC 9293, 3.1: over the addresses, the protocol and the length, too.
        let pseudo = ends.sum + UInt64(tcpProtocol) + UInt64(length)
        let sum = Checksum.sum(bytes.span.bytes.extracting(start..<bytes.count), adding: pseudo)
        bytes.replace(big: Checksum.folded(sum), at: start + 16)
    }

    private static func appendIPv4(
        _ ends: FrameEnds, _ side: Int, _ length: Int, _ identification: UInt16,
        _ bytes: inout [UInt8]
    ) {
        let start = bytes.count
        // Version 4, a header of five words.
        bytes.append(big: UInt16(0x4500))
        bytes.append(big: UInt16(20 + length))
        bytes.append(big: identification)
        // Not to be fragmented.
        bytes.append(big: UInt16(0x4000))
        bytes.append(timeToLive)
        bytes.append(tcpProtocol)
        bytes.append(big: UInt16(0))
        bytes += ends.addresses[side]
        bytes += ends.addresses[1 - side]
        let sum = Checksum.sum(bytes.span.bytes.extracting(start..<bytes.count))
        bytes.replace(big: Checksum.folded(sum), at: start + 10)
    }

    /// Of a SYN: maximum segment size, and a window scale behind a byte that fills.
    private static let options: [UInt8] = {
        let size = UInt16(TCPConversation.maximumSegment)
        return [2, 4, UInt8(size >> 8), UInt8(truncatingIfNeeded: size), 1, 3, 3, windowScale]
    }()
}
