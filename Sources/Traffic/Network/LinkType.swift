/// What a frame begins with, as tcpdump numbers it (LINKTYPE_ values of libpcap).
struct LinkType: RawRepresentable, Hashable {
    let rawValue: UInt32

    static let null = LinkType(rawValue: 0)
    static let ethernet = LinkType(rawValue: 1)
    static let ppp = LinkType(rawValue: 9)
    /// DLT_RAW had other numbers on some systems, and files were written with them.
    static let rawBSDOS = LinkType(rawValue: 12)
    static let rawOpenBSD = LinkType(rawValue: 14)
    static let pppHDLC = LinkType(rawValue: 50)
    static let pppoe = LinkType(rawValue: 51)
    static let raw = LinkType(rawValue: 101)
    static let ciscoHDLC = LinkType(rawValue: 104)
    static let loop = LinkType(rawValue: 108)
    static let linuxCooked = LinkType(rawValue: 113)
    static let ipv4 = LinkType(rawValue: 228)
    static let ipv6 = LinkType(rawValue: 229)
    static let linuxCooked2 = LinkType(rawValue: 276)

    /// As it is printed.
    var name: String { Self.names[self] ?? "link type \(rawValue)" }

    private static let names: [LinkType: String] = [
        null: "null", ethernet: "ethernet", ppp: "ppp", rawBSDOS: "raw", rawOpenBSD: "raw",
        pppHDLC: "ppp", pppoe: "pppoe", raw: "raw", ciscoHDLC: "hdlc", loop: "loop",
        linuxCooked: "linux_cooked", ipv4: "ipv4", ipv6: "ipv6", linuxCooked2: "linux_cooked_v2",
    ]
}

/// Numbers of what follows in frames and packets that can lead to TCP (IANA's registries of ether types
/// and of protocol numbers).
enum EtherType {
    static let ipv4: UInt16 = 0x0800
    static let ipv6: UInt16 = 0x86DD
    /// 802.1Q, 802.1ad and what came before it.
    static let tags: [5 of UInt16] = [0x8100, 0x88A8, 0x9100, 0x9200, 0x9300]
    static let mpls: UInt16 = 0x8847
    static let mplsMulticast: UInt16 = 0x8848
    static let pppoeSession: UInt16 = 0x8864
    /// An Ethernet frame inside something else.
    static let bridging: UInt16 = 0x6558
    static let erspan2: UInt16 = 0x88BE
    static let erspan3: UInt16 = 0x22EB
    /// Below it is a length of 802.3, and what follows begins with LLC.
    static let least: UInt16 = 0x0600
}

enum IPProtocol {
    static let hopByHop: UInt8 = 0
    static let ipv4: UInt8 = 4
    static let tcp: UInt8 = 6
    static let udp: UInt8 = 17
    static let ipv6: UInt8 = 41
    static let routing: UInt8 = 43
    static let fragment: UInt8 = 44
    static let gre: UInt8 = 47
    static let authentication: UInt8 = 51
    static let destinationOptions: UInt8 = 60
    static let mobility: UInt8 = 135
    static let hostIdentity: UInt8 = 139
    static let shim: UInt8 = 140
}

/// UDP ports behind which there are frames of another network.
enum TunnelPort {
    static let vxlan: UInt16 = 4_789
    /// What Linux used before the number was assigned, and still does unless told.
    static let vxlanLinux: UInt16 = 8_472
    static let geneve: UInt16 = 6_081
}
