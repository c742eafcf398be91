/// The common name in the subject of an X.509 certificate (RFC 5280, section 4.1), out of its DER bytes.
///
/// TLS has verified the certificate by then; still, nothing here trusts a length.
enum CertificateName {
    /// - Returns: the last common name, which is the most specific; nil if there is none in UTF-8 or ASCII.
    static func common(in der: [UInt8]) -> String? {
        var whole = Walk(der[...])
        guard var certificate = whole.next(0x30).map(Walk.init),
            var fields = certificate.next(0x30).map(Walk.init)
        else { return nil }
        _ = fields.next(0xA0)  // the version, if it is not 1
        // serial number, signature algorithm, issuer, validity
        for tag: UInt8 in [0x02, 0x30, 0x30, 0x30] where fields.next(tag) == nil { return nil }
        guard var subject = fields.next(0x30).map(Walk.init) else { return nil }
        var name: String?
        while var set = subject.next(0x31).map(Walk.init) {
            while var attribute = set.next(0x30).map(Walk.init) {
                guard let type = attribute.next(0x06), Array(type) == commonName else { continue }
                // UTF8String, PrintableString, IA5String
                for tag: UInt8 in [0x0C, 0x13, 0x16] {
                    if let value = attribute.next(tag) {
                        name = String(validating: value, as: UTF8.self)
                    }
                }
            }
        }
        return name
    }

    /// 2.5.4.3
    private static let commonName: [UInt8] = [0x55, 0x04, 0x03]

    /// Values of DER one after the other.
    private struct Walk {
        private var rest: ArraySlice<UInt8>

        init(_ bytes: ArraySlice<UInt8>) { rest = bytes }

        /// The contents of the next value, if it has `tag`; otherwise nil, and nothing is consumed.
        mutating func next(_ tag: UInt8) -> ArraySlice<UInt8>? {
            var bytes = rest
            guard bytes.popFirst() == tag, let first = bytes.popFirst() else { return nil }
            var length = Int(first)
            if first >= 0x80 {
                // No certificate is longer than three bytes of length can say.
                guard (1...3).contains(first & 0x7F) else { return nil }
                length = 0
                for _ in 0..<first & 0x7F {
                    guard let byte = bytes.popFirst() else { return nil }
                    length = length << 8 | Int(byte)
                }
            }
            guard length <= bytes.count else { return nil }
            rest = bytes.dropFirst(length)
            return bytes.prefix(length)
        }
    }
}
