internal import Glibc
internal import Layout

/// What a proxy says of the client it speaks for: the PROXY protocol of HAProxy, versions 1 and 2
/// (haproxy.org, proxy-protocol.txt, sections 2.1 and 2.2).
struct ProxyHeader: Equatable {
    /// Nil if the proxy speaks for itself (`LOCAL`, `UNKNOWN`), or of what is not TCP over IP.
    var peer: PeerAddress?
    /// Bytes of the header.
    var length: Int

    enum Problem: Error { case malformed }

    /// - Returns: nil if more bytes are needed; never more than `longest` altogether.
    static func read(_ bytes: RawSpan) throws(Problem) -> ProxyHeader? {
        for (offset, expected) in signature.enumerated() where offset < bytes.byteCount {
            guard bytes.byte(offset) == expected else { return try readText(bytes) }
        }
        guard bytes.byteCount >= headLength else { return nil }
        return try readBinary(bytes)
    }

    /// Version 2: signature, version and command, family, length, addresses, and values that nobody here
    /// asks for.
    private static func readBinary(_ bytes: RawSpan) throws(Problem) -> ProxyHeader? {
        let kind = bytes.byte(12)
        guard kind >> 4 == 2, kind & 0x0F <= 1 else { throw .malformed }
        let rest = Int(bytes.byte(14)) << 8 | Int(bytes.byte(15))
        let length = headLength + rest
        guard length <= longest else { throw .malformed }
        guard bytes.byteCount >= length else { return nil }
        // LOCAL: a health check of the proxy itself, whatever follows.
        guard kind & 0x0F == 1 else { return ProxyHeader(peer: nil, length: length) }
        let addressLength: Int
        switch bytes.byte(13) {
        case 0x11: addressLength = 4  // TCP over IPv4
        case 0x21: addressLength = 16  // TCP over IPv6
        default: return ProxyHeader(peer: nil, length: length)
        }
        // Two addresses and two ports.
        guard rest >= 2 * addressLength + 4 else { throw .malformed }
        let port = headLength + 2 * addressLength
        let peer = PeerAddress(
            bytes: (headLength..<headLength + addressLength).map { bytes.byte($0) },
            port: UInt16(bytes.byte(port)) << 8 | UInt16(bytes.byte(port + 1)))
        return ProxyHeader(peer: peer, length: length)
    }

    /// Version 1: `PROXY TCP4 source destination port port`, CR, LF.
    private static func readText(_ bytes: RawSpan) throws(Problem) -> ProxyHeader? {
        for (offset, expected) in "PROXY ".utf8.enumerated() where offset < bytes.byteCount {
            guard bytes.byte(offset) == expected else { throw .malformed }
        }
        let within = min(bytes.byteCount, longestText)
        guard let end = (0..<within).first(where: { bytes.byte($0) == 0x0A }) else {
            guard bytes.byteCount < longestText else { throw .malformed }
            return nil
        }
        guard end >= 1, bytes.byte(end - 1) == 0x0D else { throw .malformed }
        let line = String(decoding: (0..<end - 1).map { bytes.byte($0) }, as: UTF8.self)
        let words = line.split(separator: " ", omittingEmptySubsequences: false)
        guard words.count >= 2 else { throw .malformed }
        if words[1] == "UNKNOWN" { return ProxyHeader(peer: nil, length: end + 1) }
        guard words.count == 6, words[1] == "TCP4" || words[1] == "TCP6",
            let source = address(words[2], isIPv4: words[1] == "TCP4"),
            address(words[3], isIPv4: words[1] == "TCP4") != nil,
            let port = port(words[4]), self.port(words[5]) != nil,
            let peer = PeerAddress(bytes: source, port: port)
        else { throw .malformed }
        return ProxyHeader(peer: peer, length: end + 1)
    }

    private static func port(_ word: Substring) -> UInt16? {
        guard word.utf8.allSatisfy({ (0x30...0x39).contains($0) }) else { return nil }
        return UInt16(word)
    }

    private static func address(_ word: Substring, isIPv4: Bool) -> [UInt8]? {
        var bytes = [UInt8](repeating: 0, count: isIPv4 ? 4 : 16)
        let text = String(word)
        guard text.utf8.count <= 45,
            bytes.withUnsafeMutableBytes({
                inet_pton(isIPv4 ? AF_INET : AF_INET6, text, $0.baseAddress)
            }) == 1
        else { return nil }
        return bytes
    }

    private static let signature: [UInt8] = [
        0x0D, 0x0A, 0x0D, 0x0A, 0x00, 0x0D, 0x0A, 0x51, 0x55, 0x49, 0x54, 0x0A,
    ]
    /// Signature, version and command, family, and two bytes of length.
    private static let headLength = 16
    /// The longest line of version 1 with its end (section 2.1).
    private static let longestText = 107
    /// Addresses and as many values as proxies send; the format would allow 65,551.
    static let longest = 4_096
}

extension RawSpan {
    fileprivate func byte(_ offset: Int) -> UInt8 {
        unsafeLoad(fromByteOffset: offset, as: UInt8.self)
    }
}
