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
    /// Where its own header begins in the frame.
    let header: Int
    /// Where the header of the IP packet begins that carries it; nil if that was put together from fragments.
    let network: Int?
    /// The number that IPv4 gave the packet; 0 in IPv6.
    let identification: UInt16
}

struct TCPFlags: OptionSet {
    let rawValue: UInt8

    static let fin = TCPFlags(rawValue: 1 << 0)
    static let syn = TCPFlags(rawValue: 1 << 1)
    static let rst = TCPFlags(rawValue: 1 << 2)
    static let ack = TCPFlags(rawValue: 1 << 4)
}

/// A part of an IP packet that was too long for a link.
struct Fragment {
    let key: FragmentKey
    /// Of its first byte in what the packet carries.
    let offset: Int
    let isLast: Bool
    /// In the frame.
    let bytes: Range<Int>
    /// The snap length kept its end out of the capture.
    let isCut: Bool
}

/// What the fragments of one packet have in common (RFC 791, RFC 8200).
struct FragmentKey: Hashable {
    let hosts: Hosts
    let identification: UInt32
    /// What the packet carries.
    let carried: UInt8
}

/// Between whom a packet travels; the ports are 0.
struct Hosts: Hashable {
    let source: Endpoint
    let destination: Endpoint
}
