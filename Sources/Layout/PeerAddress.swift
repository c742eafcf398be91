/// Where a publisher's connection comes from, as EMQX notes it in every message.
package struct PeerAddress: Hashable, Sendable {
    /// 4 bytes for IPv4, 16 for IPv6, in network order.
    package let bytes: [UInt8]
    package let port: UInt16

    /// `nil` unless there are 4 or 16 bytes.
    package init?(bytes: [UInt8], port: UInt16) {
        guard bytes.count == 4 || bytes.count == 16 else { return nil }
        self.bytes = bytes
        self.port = port
    }

    /// 0.0.0.0 without a port: of one that is not on the network.
    package static let unspecified = PeerAddress(v4: (0, 0, 0, 0))

    private init(v4: (UInt8, UInt8, UInt8, UInt8)) {
        bytes = [v4.0, v4.1, v4.2, v4.3]
        port = 0
    }

    var isIPv4: Bool { bytes.count == 4 }
}

extension [UInt8] {
    /// As Erlang's `inet` writes addresses: four bytes or eight groups of 16 bits.
    mutating func append(host peer: PeerAddress) {
        if peer.isIPv4 {
            append(tuple: 4)
            for byte in peer.bytes { append(integer: Int64(byte)) }
        } else {
            append(tuple: 8)
            for group in 0..<8 {
                append(
                    integer: Int64(peer.bytes[2 * group]) << 8 | Int64(peer.bytes[2 * group + 1]))
            }
        }
    }

    mutating func append(hostAndPort peer: PeerAddress) {
        append(tuple: 2)
        append(host: peer)
        append(integer: Int64(peer.port))
    }
}
