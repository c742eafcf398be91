/// What a test puts around a TCP segment.
enum TestLink: CaseIterable {
    case ethernet
    case vlan
    case stackedVLAN
    case ipv6
    case ipv6WithOptions
    case ipv4WithOptions
    case raw
    case linuxCooked
    case linuxCooked2
    case null
    case nullIPv6

    /// LINKTYPE_ of libpcap.
    var number: UInt32 {
        switch self {
        case .ethernet, .vlan, .stackedVLAN, .ipv6, .ipv6WithOptions, .ipv4WithOptions: 1
        case .raw: 101
        case .linuxCooked: 113
        case .linuxCooked2: 276
        case .null, .nullIPv6: 0
        }
    }

    func frame(_ tcp: [UInt8], toBroker: Bool) -> [UInt8] {
        let addresses = [UInt8](repeating: 0xAA, count: 12)
        let ipv4 = Self.ipv4(tcp, toBroker: toBroker)
        switch self {
        // Short frames are padded to 60 bytes, which are not TCP's.
        case .ethernet: return padded(addresses + [0x08, 0x00] + ipv4)
        case .vlan: return addresses + [0x81, 0, 0, 7, 0x08, 0x00] + ipv4
        case .stackedVLAN: return addresses + [0x88, 0xA8, 0, 7, 0x81, 0, 0, 9, 0x08, 0x00] + ipv4
        case .ipv6: return addresses + [0x86, 0xDD] + Self.ipv6(tcp, toBroker: toBroker)
        case .ipv6WithOptions:
            let hopByHop: [UInt8] = [60, 0, 1, 4, 0, 0, 0, 0]
            let destination: [UInt8] = [6, 1] + [UInt8](repeating: 0, count: 14)
            return addresses + [0x86, 0xDD]
                + Self.ipv6(hopByHop + destination + tcp, toBroker: toBroker, next: 0)
        case .ipv4WithOptions:
            return addresses + [0x08, 0x00]
                + Self.ipv4(tcp, toBroker: toBroker, options: [1, 1, 1, 0])
        case .raw: return ipv4
        case .linuxCooked:
            return [0, 4, 0, 1, 0, 6] + [UInt8](repeating: 0, count: 8) + [0x08, 0x00] + ipv4
        case .linuxCooked2: return [0x08, 0x00] + [UInt8](repeating: 0, count: 18) + ipv4
        case .null: return [2, 0, 0, 0] + ipv4
        case .nullIPv6: return [0, 0, 0, 30] + Self.ipv6(tcp, toBroker: toBroker)
        }
    }

    private func padded(_ frame: [UInt8]) -> [UInt8] {
        frame + [UInt8](repeating: 0, count: max(0, 60 - frame.count))
    }

    static func ipv4(
        _ payload: [UInt8], toBroker: Bool, options: [UInt8] = [], fragment: UInt16 = 0
    ) -> [UInt8] {
        let length = UInt16(20 + options.count + payload.count)
        let (client, broker): ([UInt8], [UInt8]) = ([192, 0, 2, 7], [192, 0, 2, 1])
        return [0x45 + UInt8(options.count / 4), 0] + length.wire + [0, 1] + fragment.wire + [
            64, 6, 0, 0,
        ]
            + (toBroker ? client + broker : broker + client) + options + payload
    }

    static func ipv6(_ payload: [UInt8], toBroker: Bool, next: UInt8 = 6) -> [UInt8] {
        let (client, broker) = ([UInt8](repeating: 7, count: 16), [UInt8](repeating: 1, count: 16))
        return [0x60, 0, 0, 0] + UInt16(payload.count).wire + [next, 64]
            + (toBroker ? client + broker : broker + client) + payload
    }
}
