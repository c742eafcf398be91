internal import Crypto
internal import Foundation

/// Opens the records of one direction, one after the other.
package struct TLSOpener {
    private let cipher: TLSSuite.Cipher
    private let key: SymmetricKey
    private let iv: [UInt8]
    private let isTLS1_3: Bool
    /// Of the next record.
    private var sequence: UInt64 = 0

    private static let tagLength = 16
    /// What records of TLS 1.2 with AES-GCM bring of their nonce (RFC 5288, section 3).
    private static let explicitNonceLength = 8

    package init(_ suite: TLSSuite, _ keys: TLSKeys, isTLS1_3: Bool) {
        (cipher, iv, self.isTLS1_3) = (suite.cipher, keys.iv, isTLS1_3)
        key = SymmetricKey(data: keys.key)
    }

    /// So many records are not there.
    mutating func skip(_ records: UInt64) { sequence &+= records }

    /// Opens a record, which may be up to `lost` records behind the one that is due.
    /// - Returns: nil if it is not sealed with this key at this place.
    package mutating func open(
        _ record: RawSpan, type: UInt8, lost: UInt64 = 0
    ) -> (content: UInt8, plain: [UInt8])? {
        for ahead in 0...lost {
            guard let plain = attempt(record, type, sequence &+ ahead) else { continue }
            sequence = sequence &+ ahead &+ 1
            return isTLS1_3 ? unpadded(plain) : (type, plain)
        }
        return nil
    }

    /// - Parameter record: with its header.
    private func attempt(_ record: RawSpan, _ type: UInt8, _ sequence: UInt64) -> [UInt8]? {
        let header = TLSRecord.headerLength
        let explicit = iv.count == 4 ? Self.explicitNonceLength : 0
        let length = record.byteCount - header - explicit - Self.tagLength
        guard length >= 0 else { return nil }
        var nonce = iv
        if explicit > 0 {
            nonce += record.extracting(header..<header + explicit).withUnsafeBytes { Array($0) }
        } else {
            for index in 0..<8 {
                nonce[4 + index] ^= UInt8(truncatingIfNeeded: sequence >> (56 - 8 * UInt64(index)))
            }
        }
        var authenticated = record.extracting(0..<header).withUnsafeBytes { Array($0) }
        if !isTLS1_3 {
            // RFC 5246, section 6.2.3.3: number, type, version, and the length of what was sealed.
            authenticated[3] = UInt8(length >> 8)
            authenticated[4] = UInt8(length & 0xFF)
            authenticated =
                (0..<8).map { UInt8(truncatingIfNeeded: sequence >> (56 - 8 * UInt64($0))) }
                + authenticated
        }
        return record.extracting(header + explicit..<record.byteCount).withUnsafeBytes { sealed in
            open(
                UnsafeRawBufferPointer(rebasing: sealed[..<length]),
                tag: UnsafeRawBufferPointer(rebasing: sealed[length...]), nonce, authenticated)
        }
    }

    private func open(
        _ sealed: UnsafeRawBufferPointer, tag: UnsafeRawBufferPointer, _ nonce: [UInt8],
        _ authenticated: [UInt8]
    ) -> [UInt8]? {
        switch cipher {
        case .aes128GCM, .aes256GCM:
            guard let nonce = try? AES.GCM.Nonce(data: nonce),
                let box = try? AES.GCM.SealedBox(nonce: nonce, ciphertext: sealed, tag: tag),
                let plain = try? AES.GCM.open(box, using: key, authenticating: authenticated)
            else { return nil }
            return Array(plain)
        case .chaCha20Poly1305:
            guard let nonce = try? ChaChaPoly.Nonce(data: nonce),
                let box = try? ChaChaPoly.SealedBox(nonce: nonce, ciphertext: sealed, tag: tag),
                let plain = try? ChaChaPoly.open(
                    box, using: key, authenticating: authenticated)
            else { return nil }
            return Array(plain)
        }
    }

    /// What is in a record of TLS 1.3: the content, its type and zeros (RFC 8446, section 5.2).
    private func unpadded(_ plain: [UInt8]) -> (content: UInt8, plain: [UInt8])? {
        guard let end = plain.lastIndex(where: { $0 != 0 }) else { return (0, []) }
        var plain = plain
        let content = plain[end]
        plain.removeSubrange(end...)
        return (content, plain)
    }
}
