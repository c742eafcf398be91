internal import Crypto
internal import Foundation

/// The keys of one direction.
package struct TLSKeys: Equatable {
    package let key: [UInt8]
    /// 12 bytes; 4 with AES-GCM in TLS 1.2, where the records bring the rest.
    package let iv: [UInt8]
}

extension TLSSuite {
    /// Keys of TLS 1.2 from a master secret: the key block of RFC 5246, section 6.3, without keys for MACs,
    /// which an AEAD does not need.
    /// - Parameters:
    ///   - client: the random of the ClientHello.
    ///   - server: the random of the ServerHello.
    package func keys(master: [UInt8], client: [UInt8], server: [UInt8]) -> (
        client: TLSKeys, server: TLSKeys
    ) {
        let ivLength = cipher == .chaCha20Poly1305 ? 12 : 4
        let seed = Array("key expansion".utf8) + server + client
        let block = pseudorandom(
            secret: SymmetricKey(data: master), seed: seed,
            count: 2 * (cipher.keyLength + ivLength))
        var rest = block[...]
        func take(_ count: Int) -> [UInt8] {
            defer { rest = rest.dropFirst(count) }
            return Array(rest.prefix(count))
        }
        let (clientKey, serverKey) = (take(cipher.keyLength), take(cipher.keyLength))
        let (clientIV, serverIV) = (take(ivLength), take(ivLength))
        return (
            TLSKeys(key: clientKey, iv: clientIV),
            TLSKeys(key: serverKey, iv: serverIV)
        )
    }

    /// Keys of TLS 1.3 from a traffic secret (RFC 8446, section 7.3).
    package func keys(secret: [UInt8]) -> TLSKeys {
        TLSKeys(
            key: expand(secret, label: "key", count: cipher.keyLength),
            iv: expand(secret, label: "iv", count: 12))
    }

    /// The secret after a KeyUpdate (RFC 8446, section 7.2).
    package func next(secret: [UInt8]) -> [UInt8] {
        expand(secret, label: "traffic upd", count: hash == .sha256 ? 32 : 48)
    }

    /// HKDF-Expand-Label without a context (RFC 8446, section 7.1).
    func expand(_ secret: [UInt8], label: String, count: Int) -> [UInt8] {
        let label = Array("tls13 \(label)".utf8)
        let info = [UInt8(count >> 8), UInt8(count & 0xFF), UInt8(label.count)] + label + [0]
        let key = SymmetricKey(data: secret)
        let bytes =
            switch hash {
            case .sha256:
                HKDF<SHA256>.expand(pseudoRandomKey: key, info: info, outputByteCount: count)
            case .sha384:
                HKDF<SHA384>.expand(pseudoRandomKey: key, info: info, outputByteCount: count)
            }
        return bytes.withUnsafeBytes { Array($0) }
    }

    /// P_hash (RFC 5246, section 5).
    private func pseudorandom(secret: SymmetricKey, seed: [UInt8], count: Int) -> [UInt8] {
        var (a, bytes) = (seed, [UInt8]())
        while bytes.count < count {
            a = authenticate(a, secret)
            bytes += authenticate(a + seed, secret)
        }
        return Array(bytes.prefix(count))
    }

    private func authenticate(_ bytes: [UInt8], _ secret: SymmetricKey) -> [UInt8] {
        switch hash {
        case .sha256: Array(HMAC<SHA256>.authenticationCode(for: bytes, using: secret))
        case .sha384: Array(HMAC<SHA384>.authenticationCode(for: bytes, using: secret))
        }
    }
}
