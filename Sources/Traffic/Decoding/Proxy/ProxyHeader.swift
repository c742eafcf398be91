internal import Glibc

/// What a load balancer puts in front of a connection: the PROXY protocol, versions 1 and 2 (haproxy.org,
/// proxy-protocol.txt, sections 2.1 and 2.2).
struct ProxyHeader: Equatable {
    /// The client it speaks for; nil if it speaks for itself, or of something else than TCP over IP.
    let client: Endpoint?
    /// Bytes of the header.
    let length: Int

    enum Finding: Equatable {
        case header(ProxyHeader)
        /// It may be one.
        case incomplete
        case none
    }

    /// Version 2 begins with these.
    static let signature: [UInt8] = [
        0x0D, 0x0A, 0x0D, 0x0A, 0x00, 0x0D, 0x0A, 0x51, 0x55, 0x49, 0x54, 0x0A,
    ]
    static let word = Array("PROXY ".utf8)
    /// Signature, version and command, family, and two bytes of length.
    private static let headLength = 16
    /// The longest line of version 1 with its end.
    private static let longestLine = 107
    /// Addresses and the values that load balancers add; the format would allow 65,551.
    private static let longest = 8_192

    static func find(in bytes: RawSpan) -> Finding {
        if bytes.begins(with: signature) { return binary(bytes) }
        if bytes.begins(with: word) { return text(bytes) }
        return .none
    }

    private static func binary(_ bytes: RawSpan) -> Finding {
        guard bytes.byteCount >= headLength else { return .incomplete }
        let (command, family) = (bytes.byte(at: 12), bytes.byte(at: 13))
        let rest = Int(bytes.two(at: 14))
        let length = headLength + rest
        guard command >> 4 == 2, command & 0x0F <= 1, length <= longest else { return .none }
        guard bytes.byteCount >= length else { return .incomplete }
        // LOCAL is a health check of the load balancer's own.
        let addressLength = [0x11: 4, 0x21: 16][family]
        guard command & 0x0F == 1, let addressLength else {
            return .header(ProxyHeader(client: nil, length: length))
        }
        guard rest >= 2 * addressLength + 4 else { return .none }
        let address = (headLength..<headLength + addressLength).map { bytes.byte(at: $0) }
        let port = bytes.two(at: headLength + 2 * addressLength)
        return .header(
            ProxyHeader(client: Endpoint(address: address, port: port), length: length))
    }

    private static func text(_ bytes: RawSpan) -> Finding {
        let most = min(bytes.byteCount, longestLine)
        guard let end = (0..<most).first(where: { bytes.byte(at: $0) == 0x0A }) else {
            return most < longestLine ? .incomplete : .none
        }
        guard bytes.byte(at: end - 1) == 0x0D else { return .none }
        let line = bytes.extracting(0..<end - 1).withUnsafeBytes {
            String(decoding: $0, as: UTF8.self)
        }
        let words = line.split(separator: " ", omittingEmptySubsequences: false)
        guard words.count >= 2 else { return .none }
        if words[1] == "UNKNOWN" { return .header(ProxyHeader(client: nil, length: end + 1)) }
        guard words.count == 6, ["TCP4", "TCP6"].contains(words[1]),
            let port = UInt16(words[4]), UInt16(words[5]) != nil,
            let address = address(words[2], isIPv4: words[1] == "TCP4"),
            self.address(words[3], isIPv4: words[1] == "TCP4") != nil
        else { return .none }
        return .header(
            ProxyHeader(client: Endpoint(address: address, port: port), length: end + 1))
    }

    private static func address(_ word: Substring, isIPv4: Bool) -> [UInt8]? {
        var bytes = [UInt8](repeating: 0, count: isIPv4 ? 4 : 16)
        let isAddress = bytes.withUnsafeMutableBytes {
            inet_pton(isIPv4 ? AF_INET : AF_INET6, String(word), $0.baseAddress) == 1
        }
        return isAddress ? bytes : nil
    }
}

extension RawSpan {
    /// Whether the bytes begin with `expected`, or with as much of it as there are bytes.
    func agrees(with expected: [UInt8]) -> Bool {
        for index in 0..<min(byteCount, expected.count) where byte(at: index) != expected[index] {
            return false
        }
        return true
    }

    func begins(with expected: [UInt8]) -> Bool {
        byteCount >= expected.count && agrees(with: expected)
    }
}
