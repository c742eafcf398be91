/// What a test puts around a TCP segment.
enum TestLink: CaseIterable {
    case ethernet
    case vlan
    case stackedVLAN
    case oldStackedVLAN
    case snap
    case mpls
    case pppoe
    case ipv6
    case ipv6WithOptions
    case ipv6WholeFragment
    case ipv4WithOptions
    case raw
    case rawBSD
    case rawOpenBSD
    case ipv4Only
    case ipv6Only
    case linuxCooked
    case linuxCookedVLAN
    case linuxCooked2
    case null
    case nullOtherOrder
    case nullIPv6
    case loop
    case ppp
    case ciscoHDLC
    case vxlan
    case vxlanOfLinux
    case vxlanOverIPv6
    case geneve
    case gre
    case greWithEverything
    case greBridge
    case erspan1
    case erspan2
    case erspan3
    case ipInIP
    case sixInFour
    case fourInSix
    case vlanInVXLANInGRE

    /// LINKTYPE_ of libpcap.
    var number: UInt32 {
        switch self {
        case .raw: 101
        case .rawBSD: 12
        case .rawOpenBSD: 14
        case .ipv4Only: 228
        case .ipv6Only: 229
        case .linuxCooked, .linuxCookedVLAN: 113
        case .linuxCooked2: 276
        case .null, .nullOtherOrder, .nullIPv6: 0
        case .loop: 108
        case .ppp: 9
        case .ciscoHDLC: 104
        default: 1
        }
    }

    /// As `inspect` calls it.
    var name: String {
        switch number {
        case 0: "null"
        case 9: "ppp"
        case 12, 14, 101: "raw"
        case 104: "hdlc"
        case 108: "loop"
        case 113: "linux_cooked"
        case 228: "ipv4"
        case 229: "ipv6"
        case 276: "linux_cooked_v2"
        default: "ethernet"
        }
    }

    func frame(_ tcp: [UInt8], toBroker: Bool) -> [UInt8] {
        let ipv4 = Self.ipv4(tcp, toBroker: toBroker)
        let ipv6 = Self.ipv6(tcp, toBroker: toBroker)
        switch self {
        // Short frames are padded to 60 bytes, which are not TCP's.
        case .ethernet: return Self.padded(Self.ethernet(0x0800, ipv4))
        case .vlan: return Self.ethernet(0x8100, [0, 7, 0x08, 0x00] + ipv4)
        case .stackedVLAN: return Self.ethernet(0x88A8, [0, 7, 0x81, 0, 0, 9, 0x08, 0x00] + ipv4)
        case .oldStackedVLAN:
            return Self.ethernet(0x9100, [0, 7, 0x91, 0, 0, 8, 0x81, 0, 0, 9, 0x86, 0xDD] + ipv6)
        case .snap:
            return Self.ethernet(
                UInt16(8 + ipv4.count), [0xAA, 0xAA, 3, 0, 0, 0, 0x08, 0x00] + ipv4)
        case .mpls: return Self.ethernet(0x8847, [0, 1, 0, 64, 0, 2, 1, 64] + ipv4)
        case .pppoe:
            return Self.ethernet(
                0x8864, [0x11, 0, 0, 9] + UInt16(ipv4.count + 2).wire + [0x00, 0x21] + ipv4)
        case .ipv6: return Self.ethernet(0x86DD, ipv6)
        case .ipv6WithOptions:
            let hopByHop: [UInt8] = [60, 0, 1, 4, 0, 0, 0, 0]
            let destination: [UInt8] = [43, 1] + [UInt8](repeating: 0, count: 14)
            let routing: [UInt8] = [51, 0, 253, 0, 0, 0, 0, 0]
            let authentication: [UInt8] = [6, 4] + [UInt8](repeating: 0, count: 22)
            let all = hopByHop + destination + routing + authentication + tcp
            return Self.ethernet(0x86DD, Self.ipv6(all, toBroker: toBroker, next: 0))
        case .ipv6WholeFragment:
            return Self.ethernet(
                0x86DD,
                Self.ipv6([6, 0, 0, 0, 0, 0, 0, 9] + tcp, toBroker: toBroker, next: 44))
        case .ipv4WithOptions:
            return Self.ethernet(
                0x0800, Self.ipv4(tcp, toBroker: toBroker, options: [1, 1, 1, 0]))
        case .raw, .rawBSD, .ipv4Only: return ipv4
        case .rawOpenBSD, .ipv6Only: return ipv6
        case .linuxCooked: return Self.cooked(0x0800, ipv4)
        case .linuxCookedVLAN: return Self.cooked(0x8100, [0, 7, 0x08, 0x00] + ipv4)
        case .linuxCooked2: return [0x08, 0x00] + [UInt8](repeating: 0, count: 18) + ipv4
        case .null: return [2, 0, 0, 0] + ipv4
        case .nullOtherOrder: return [0, 0, 0, 2] + ipv4
        case .nullIPv6: return [0, 0, 0, 30] + ipv6
        case .loop: return [0, 0, 0, 24] + ipv6
        case .ppp: return [0xFF, 0x03, 0x00, 0x57] + ipv6
        case .ciscoHDLC: return [0x0F, 0, 0x08, 0x00] + ipv4
        default: return Self.ethernet(0x0800, tunnel(ipv4, ipv6, toBroker))
        }
    }

    private func tunnel(_ ipv4: [UInt8], _ ipv6: [UInt8], _ toBroker: Bool) -> [UInt8] {
        func outer(_ carried: UInt8, _ bytes: [UInt8]) -> [UInt8] {
            Self.ipv4(bytes, toBroker: toBroker, carried: carried)
        }
        let inner = Self.ethernet(0x0800, ipv4)
        let vxlanHeader: [UInt8] = [8, 0, 0, 0, 0, 0, 42, 0]
        switch self {
        case .vxlan: return outer(17, Self.udp(4_789, vxlanHeader + inner))
        case .vxlanOfLinux: return outer(17, Self.udp(8_472, vxlanHeader + inner))
        case .vxlanOverIPv6:
            // In the outer Ethernet's IPv4 once more, so that every layer is another one.
            return outer(
                41, Self.ipv6(Self.udp(4_789, vxlanHeader + inner), toBroker: toBroker, next: 17))
        case .geneve:
            return outer(
                17,
                Self.udp(6_081, [2, 0, 0x65, 0x58, 0, 0, 42, 0, 1, 2, 3, 1, 0, 0, 0, 0] + inner))
        case .gre: return outer(47, [0, 0, 0x08, 0x00] + ipv4)
        case .greWithEverything:
            return outer(47, [0xB0, 0, 0x86, 0xDD] + [UInt8](repeating: 0x11, count: 12) + ipv6)
        case .greBridge: return outer(47, [0x20, 0, 0x65, 0x58, 0, 0, 0, 1] + inner)
        case .erspan1: return outer(47, [0, 0, 0x88, 0xBE] + inner)
        case .erspan2:
            return outer(47, [0x10, 0, 0x88, 0xBE, 0, 0, 0, 1, 0x10, 1, 0, 2, 0, 0, 0, 3] + inner)
        case .erspan3:
            let header: [UInt8] = [0x20, 1, 0, 2, 0, 0, 0, 3, 0, 0, 0, 1]
            return outer(
                47,
                [0x10, 0, 0x22, 0xEB, 0, 0, 0, 1] + header + [UInt8](repeating: 0, count: 8) + inner
            )
        case .ipInIP: return outer(4, ipv4)
        case .sixInFour: return outer(41, ipv6)
        case .fourInSix: return outer(41, Self.ipv6(ipv4, toBroker: toBroker, next: 4))
        default:
            let vlan = Self.ethernet(0x8100, [0, 7, 0x08, 0x00] + ipv4)
            let vxlan = outer(17, Self.udp(4_789, vxlanHeader + vlan))
            return outer(47, [0, 0, 0x08, 0x00] + vxlan)
        }
    }

    static func ethernet(_ type: UInt16, _ payload: [UInt8], from last: UInt8 = 0xAA) -> [UInt8] {
        [UInt8](repeating: 0xAA, count: 11) + [last] + type.wire + payload
    }

    static func cooked(_ type: UInt16, _ payload: [UInt8], kind: UInt8 = 4) -> [UInt8] {
        [0, kind, 0, 1, 0, 6] + [UInt8](repeating: 0, count: 8) + type.wire + payload
    }

    static func udp(_ port: UInt16, _ payload: [UInt8]) -> [UInt8] {
        [0xC0, 0x01] + port.wire + UInt16(8 + payload.count).wire + [0, 0] + payload
    }

    private static func padded(_ frame: [UInt8]) -> [UInt8] {
        frame + [UInt8](repeating: 0, count: max(0, 60 - frame.count))
    }

    static func ipv4(
        _ payload: [UInt8], toBroker: Bool, options: [UInt8] = [], fragment: UInt16 = 0,
        carried: UInt8 = 6, identification: UInt16 = 1
    ) -> [UInt8] {
        let length = UInt16(20 + options.count + payload.count)
        let (client, broker): ([UInt8], [UInt8]) = ([192, 0, 2, 7], [192, 0, 2, 1])
        return [0x45 + UInt8(options.count / 4), 0] + length.wire + identification.wire
            + fragment.wire + [64, carried, 0, 0]
            + (toBroker ? client + broker : broker + client) + options + payload
    }

    static func ipv6(_ payload: [UInt8], toBroker: Bool, next: UInt8 = 6) -> [UInt8] {
        let (client, broker) = ([UInt8](repeating: 7, count: 16), [UInt8](repeating: 1, count: 16))
        return [0x60, 0, 0, 0] + UInt16(payload.count).wire + [next, 64]
            + (toBroker ? client + broker : broker + client) + payload
    }
}
