/// A cipher suite that is decrypted.
package struct TLSSuite: Equatable {
    enum Cipher {
        case aes128GCM
        case aes256GCM
        case chaCha20Poly1305

        /// Of the key, bytes.
        var keyLength: Int { self == .aes128GCM ? 16 : 32 }
    }

    /// Which hash keys are derived with.
    enum Hash {
        case sha256
        case sha384
    }

    let cipher: Cipher
    let hash: Hash

    private init(cipher: Cipher, hash: Hash) { (self.cipher, self.hash) = (cipher, hash) }

    private static let aes128 = TLSSuite(cipher: .aes128GCM, hash: .sha256)
    private static let aes256 = TLSSuite(cipher: .aes256GCM, hash: .sha384)
    private static let chaCha = TLSSuite(cipher: .chaCha20Poly1305, hash: .sha256)

    /// A suite of TLS 1.3 (RFC 8446, appendix B.4); nil for CCM.
    package init?(tls1_3 number: UInt16) {
        switch number {
        case 0x1301: self = Self.aes128
        case 0x1302: self = Self.aes256
        case 0x1303: self = Self.chaCha
        default: return nil
        }
    }

    /// A suite of TLS 1.2 with an AEAD: AES-GCM of RFC 5288, 5289 and 5487, with elliptic curves and shared
    /// keys of RFC 8442, and ChaCha20-Poly1305 of RFC 7905; nil for CBC, RC4, CCM and all that is older.
    package init?(tls1_2 number: UInt16) {
        switch number {
        case 0x009C...0x00AD: self = number & 1 == 0 ? Self.aes128 : Self.aes256
        case 0xC02B...0xC032: self = number & 1 == 1 ? Self.aes128 : Self.aes256
        case 0xD001: self = Self.aes128
        case 0xD002: self = Self.aes256
        case 0xCCA8...0xCCAE: self = Self.chaCha
        default: return nil
        }
    }
}
