/// What a frame begins with, as tcpdump numbers it (LINKTYPE_ values of libpcap).
struct LinkType: RawRepresentable, Hashable {
    let rawValue: UInt32

    static let null = LinkType(rawValue: 0)
    static let ethernet = LinkType(rawValue: 1)
    static let raw = LinkType(rawValue: 101)
    static let loop = LinkType(rawValue: 108)
    static let linuxCooked = LinkType(rawValue: 113)
    static let ipv4 = LinkType(rawValue: 228)
    static let ipv6 = LinkType(rawValue: 229)
    static let linuxCooked2 = LinkType(rawValue: 276)

    var name: String { Self.names[self] ?? "link type \(rawValue)" }
    var isSupported: Bool { Self.names[self] != nil }

    private static let names: [LinkType: String] = [
        null: "null", ethernet: "ethernet", raw: "raw", loop: "loop", linuxCooked: "linux_cooked",
        ipv4: "ipv4", ipv6: "ipv6", linuxCooked2: "linux_cooked_v2", rawOpenBSD: "raw",
        rawBSDOS: "raw",
    ]
    /// DLT_RAW had other numbers on some systems, and files were written with them.
    private static let rawBSDOS = LinkType(rawValue: 12)
    private static let rawOpenBSD = LinkType(rawValue: 14)
}

/// The network protocols that carry TCP.
enum NetworkProtocol {
    case ipv4
    case ipv6

    init?(etherType: UInt16) {
        switch etherType {
        case 0x0800: self = .ipv4
        case 0x86DD: self = .ipv6
        default: return nil
        }
    }

    /// By the version in the first byte of the packet.
    init?(firstByte: UInt8) {
        switch firstByte >> 4 {
        case 4: self = .ipv4
        case 6: self = .ipv6
        default: return nil
        }
    }
}

extension LinkType {
    /// Which network packet the frame carries, and where it begins; nil if it is none that carries TCP.
    func network(_ frame: RawSpan) -> (NetworkProtocol, at: Int)? {
        switch self {
        case .ethernet: ethernet(frame)
        case .linuxCooked: cooked(frame, headerLength: 16, protocolOffset: 14)
        case .linuxCooked2: cooked(frame, headerLength: 20, protocolOffset: 0)
        // Four bytes with an address family whose number and byte order depend on the system.
        case .null, .loop: bare(frame, at: 4)
        default: isSupported ? bare(frame, at: 0) : nil
        }
    }

    private func ethernet(_ frame: RawSpan) -> (NetworkProtocol, at: Int)? {
        var at = 12
        while at + 2 <= frame.byteCount {
            switch frame.two(at: at) {
            // Tags of 802.1Q and 802.1ad, also stacked
            case 0x8100, 0x88A8, 0x9100: at += 4
            case let etherType: return NetworkProtocol(etherType: etherType).map { ($0, at + 2) }
            }
        }
        return nil
    }

    private func cooked(
        _ frame: RawSpan, headerLength: Int, protocolOffset: Int
    ) -> (NetworkProtocol, at: Int)? {
        guard frame.byteCount >= headerLength else { return nil }
        return NetworkProtocol(etherType: frame.two(at: protocolOffset)).map { ($0, headerLength) }
    }

    private func bare(_ frame: RawSpan, at offset: Int) -> (NetworkProtocol, at: Int)? {
        guard frame.byteCount > offset else { return nil }
        return NetworkProtocol(firstByte: frame.byte(at: offset)).map { ($0, offset) }
    }
}
