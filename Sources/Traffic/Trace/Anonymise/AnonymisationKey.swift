internal import Crypto
internal import Foundation

/// The secret that names and payloads are replaced under. Who has it can check a guess; without it, nobody
/// can, so a random one that is thrown away is the rule.
package struct AnonymisationKey: Sendable {
    let key: SymmetricKey

    /// A random one.
    package init() { key = SymmetricKey(size: .bits256) }

    /// Of a secret that several traces share, so that they get the same names.
    /// - Returns: nil if there are fewer than 16 bytes, which could be guessed.
    package init?(secret: [UInt8]) {
        var secret = secret
        while let last = secret.last, last == 0x0A || last == 0x0D { secret.removeLast() }
        guard secret.count >= Self.shortest else { return nil }
        key = SymmetricKey(data: SHA256.hash(data: secret))
    }

    package static let shortest = 16

    /// HMAC-SHA256 of `parts`, 32 bytes. `purpose` keeps the uses of the key apart.
    func code(_ purpose: Purpose, _ number: UInt64, _ text: some Collection<UInt8>) -> SHA256Code {
        var mac = HMAC<SHA256>(key: key)
        withUnsafeBytes(of: number.bigEndian) { number in
            mac.update(data: [purpose.rawValue] + Array(number) + Array(text))
        }
        return SHA256Code(mac.finalize())
    }

    enum Purpose: UInt8 {
        case name = 1
        case round = 2
        case address = 3
        case data = 4
        case symbols = 5
        case literals = 6
    }
}

/// The 32 bytes of an HMAC-SHA256.
struct SHA256Code {
    let bytes: [UInt8]

    init(_ code: HMAC<SHA256>.MAC) { bytes = Array(code) }

    /// The first eight bytes.
    var word: UInt64 { bytes.prefix(8).reduce(0) { $0 << 8 | UInt64($1) } }
}
