/// Puts TCP segments into IP packets and those into Ethernet frames, with the right checksums.
struct FrameBuilder {
    private let brokerPort: UInt16

    private static let ethernetHeader = 14
    private static let tcpHeader = 20
    private static let tcpProtocol: UInt8 = 6
    private static let timeToLive: UInt8 = 64
    /// Scaled by seven bits, as Linux offers it at first: 64,256 bytes.
    private static let window: UInt16 = 502
    private static let windowScale: UInt8 = 7

    /// What the broker's end is called: 10.0.0.1 or fd00::1.
    private static let broker4: [UInt8] = [10, 0, 0, 1]
    private static let broker6: [UInt8] = [0xFD] + Array(repeating: 0, count: 14) + [1]

    init(brokerPort: UInt16) { self.brokerPort = brokerPort }

    func append(
        _ segment: TCPSegment, _ client: Endpoint, _ identification: inout [2 of UInt16],
        _ payload: RawSpan, _ bytes: inout [UInt8]
    ) {
        let theirs = client.address
        let isIPv4 = theirs.count == 4
        let ours = isIPv4 ? Self.broker4 : Self.broker6
        let (from, to) = segment.side == 0 ? (theirs, ours) : (ours, theirs)
        Self.appendAddress(of: to, &bytes)
        Self.appendAddress(of: from, &bytes)
        bytes.append(big: isIPv4 ? UInt16(0x0800) : UInt16(0x86DD))
        let options = segment.flags.contains(.syn) ? Self.options : []
        let length = Self.tcpHeader + options.count + payload.byteCount
        if isIPv4 {
            appendIPv4(from, to, length, identification[segment.side], &bytes)
            identification[segment.side] &+= 1
        } else {
            // Version, no class, no flow label.
            bytes.append(big: UInt32(0x6000_0000))
            bytes.append(big: UInt16(length))
            bytes += [Self.tcpProtocol, Self.timeToLive]
            bytes += from
            bytes += to
        }
        let start = bytes.count
        let (source, destination) =
            segment.side == 0 ? (client.port, brokerPort) : (brokerPort, client.port)
        bytes.append(big: source)
        bytes.append(big: destination)
        bytes.append(big: segment.sequence)
        bytes.append(big: segment.acknowledged)
        bytes.append(UInt8((Self.tcpHeader + options.count) / 4) << 4)
        bytes.append(segment.flags.rawValue)
        // The scale is for what follows the SYN (RFC 7323, 2.2).
        bytes.append(big: segment.flags.contains(.syn) ? UInt16(64_240) : Self.window)
        bytes.append(big: UInt32(0))
        bytes += options
        payload.withUnsafeBytes { bytes.append(contentsOf: $0) }
        // RFC 9293, 3.1: over the addresses, the protocol and the length, too.
        let pseudo =
            Checksum.sum(from.span.bytes) + Checksum.sum(to.span.bytes)
            + UInt64(Self.tcpProtocol) + UInt64(length)
        let sum = Checksum.sum(bytes.span.bytes.extracting(start..<bytes.count), adding: pseudo)
        bytes.replace(big: Checksum.folded(sum), at: start + 16)
    }

    private func appendIPv4(
        _ from: [UInt8], _ to: [UInt8], _ length: Int, _ identification: UInt16,
        _ bytes: inout [UInt8]
    ) {
        let start = bytes.count
        bytes += [0x45, 0]
        bytes.append(big: UInt16(20 + length))
        bytes.append(big: identification)
        // Not to be fragmented.
        bytes.append(big: UInt16(0x4000))
        bytes += [Self.timeToLive, Self.tcpProtocol, 0, 0]
        bytes += from
        bytes += to
        let sum = Checksum.sum(bytes.span.bytes.extracting(start..<bytes.count))
        bytes.replace(big: Checksum.folded(sum), at: start + 10)
    }

    /// Of a SYN: maximum segment size, and a window scale behind a byte that fills.
    private static let options: [UInt8] = {
        let size = UInt16(TCPConversation.maximumSegment)
        return [2, 4, UInt8(size >> 8), UInt8(truncatingIfNeeded: size), 1, 3, 3, windowScale]
    }()

    /// A locally administered Ethernet address that ends like the IP address.
    private static func appendAddress(of address: [UInt8], _ bytes: inout [UInt8]) {
        bytes += [2, 0]
        bytes += address.suffix(4)
    }
}

/// The sum of one's complement that IP and TCP use (RFC 1071).
enum Checksum {
    /// Of 16-bit words in network order; an odd byte at the end is the upper half of one.
    static func sum(_ bytes: RawSpan, adding start: UInt64 = 0) -> UInt64 {
        var sum = start
        var offset = 0
        // Four bytes at a time: carries gather in the upper half and are folded at the end.
        while offset + 4 <= bytes.byteCount {
            let word = bytes.unsafeLoadUnaligned(fromByteOffset: offset, as: UInt32.self)
            sum += UInt64(UInt32(bigEndian: word))
            offset += 4
        }
        if offset + 2 <= bytes.byteCount {
            let word = bytes.unsafeLoadUnaligned(fromByteOffset: offset, as: UInt16.self)
            sum += UInt64(UInt16(bigEndian: word))
            offset += 2
        }
        if offset < bytes.byteCount {
            sum += UInt64(bytes.unsafeLoad(fromByteOffset: offset, as: UInt8.self)) << 8
        }
        return sum
    }

    /// What goes into the packet.
    static func folded(_ sum: UInt64) -> UInt16 {
        var sum = sum
        while sum > 0xFFFF { sum = (sum & 0xFFFF) + (sum >> 16) }
        return ~UInt16(sum)
    }
}
