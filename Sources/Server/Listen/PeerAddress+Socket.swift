internal import Layout
internal import NIOCore

extension PeerAddress {
    /// The address of a socket; that of the machine itself for what has none.
    init(_ address: SocketAddress?) {
        let local = [UInt8]([127, 0, 0, 1])
        let port = UInt16(clamping: address?.port ?? 0)
        let bytes: [UInt8]
        switch address {
        case .v4(let address)?:
            // sockaddr_in: after family and port, 2 bytes each.
            bytes = withUnsafeBytes(of: address.address) { Array($0[4..<8]) }
        case .v6(let address)?:
            // sockaddr_in6: after family, port and flow, 2, 2 and 4 bytes.
            bytes = withUnsafeBytes(of: address.address) { Array($0[8..<24]) }
        case .unixDomainSocket?, nil: bytes = local
        }
        guard let peer = PeerAddress(bytes: bytes, port: port) else {
            preconditionFailure("an IP address has 4 or 16 bytes")
        }
        self = peer
    }
}
