internal import Crypto
internal import CryptoExtras
internal import Foundation

/// A salted, memory-hard hash of a password: scrypt (RFC 7914), written as
/// `$scrypt$ln=15,r=8,p=1$SALT$KEY` with base64 without padding, in the style of the PHC string format.
package struct PasswordHash: Sendable, Equatable {
    /// scrypt's N is two to the power of this.
    let logRounds: Int
    let blockSize: Int
    let parallelism: Int
    let salt: [UInt8]
    let key: [UInt8]

    /// Cost of new hashes: 128 · 2^15 · 8 bytes = 32 MiB and some tens of milliseconds each, the least that OWASP's
    /// password storage cheat sheet gives for p = 3; one lane here, because a door that hashes for strangers
    /// must not take a core for long.
    static let logRounds = 15
    /// What a file may ask for. Above, one login could take all memory.
    private static let bounds = (logRounds: 10...20, blockSize: 1...16, parallelism: 1...16)
    private static let largestMemory = 256 << 20
    private static let saltBytes = 16, keyBytes = 32

    /// A hash of `password` with a new salt.
    /// - Throws: when the library has no memory for it.
    package init(
        of password: [UInt8], logRounds: Int = PasswordHash.logRounds
    ) throws(ServerError) {
        var random = SystemRandomNumberGenerator()
        let salt = (0..<Self.saltBytes).map { _ in UInt8.random(in: 0...255, using: &random) }
        let blockSize = 8, parallelism = 1
        guard
            let key = Self.derive(
                password, salt, logRounds, blockSize, parallelism, Self.keyBytes)
        else { throw ServerError("a password cannot be hashed: not enough memory for scrypt") }
        self.init(
            logRounds: logRounds, blockSize: blockSize, parallelism: parallelism, salt: salt,
            key: key)
    }

    private init(
        logRounds: Int, blockSize: Int, parallelism: Int, salt: [UInt8], key: [UInt8]
    ) {
        self.logRounds = logRounds
        self.blockSize = blockSize
        self.parallelism = parallelism
        self.salt = salt
        self.key = key
    }

    /// Reads what `text` writes; nil for anything else, also for costs out of bounds.
    package init?(_ text: some StringProtocol) {
        let parts = text.split(separator: "$", omittingEmptySubsequences: false)
        guard parts.count == 5, parts[0].isEmpty, parts[1] == "scrypt" else { return nil }
        var costs: [Int] = []
        let costParts = parts[2].split(separator: ",", omittingEmptySubsequences: false)
        guard costParts.count == 3 else { return nil }
        for (name, part) in zip(["ln=", "r=", "p="], costParts) {
            guard part.hasPrefix(name), let cost = Int(part.dropFirst(name.count)) else {
                return nil
            }
            costs.append(cost)
        }
        guard Self.bounds.logRounds.contains(costs[0]), Self.bounds.blockSize.contains(costs[1]),
            Self.bounds.parallelism.contains(costs[2]),
            128 * costs[1] * costs[2] << costs[0] <= Self.largestMemory,
            let salt = Self.bytes(parts[3]), let key = Self.bytes(parts[4]),
            (8...64).contains(salt.count), key.count == Self.keyBytes
        else { return nil }
        self.init(
            logRounds: costs[0], blockSize: costs[1], parallelism: costs[2], salt: salt, key: key)
    }

    /// Bytes that one check takes.
    var memory: Int { 128 * blockSize * parallelism << logRounds }

    package var text: String {
        "$scrypt$ln=\(logRounds),r=\(blockSize),p=\(parallelism)$\(Self.text(salt))$\(Self.text(key))"
    }

    /// A hash that costs the same to check and that no password has: for users who are not there.
    var decoy: PasswordHash {
        PasswordHash(
            logRounds: logRounds, blockSize: blockSize, parallelism: parallelism, salt: salt,
            key: key.map { ~$0 })
    }

    /// Compared in a time that does not depend on where the keys differ.
    func matches(_ password: [UInt8]) -> Bool {
        guard
            let derived = Self.derive(
                password, salt, logRounds, blockSize, parallelism, key.count)
        else { return false }
        return zip(derived, key).reduce(UInt8(0)) { $0 | ($1.0 ^ $1.1) } == 0
    }

    private static func derive(
        _ password: [UInt8], _ salt: [UInt8], _ logRounds: Int, _ blockSize: Int,
        _ parallelism: Int, _ count: Int
    ) -> [UInt8]? {
        // The library reads through the base address, which an empty array has not.
        guard !password.isEmpty else { return nil }
        return try? KDF.Scrypt.deriveKey(
            from: password, salt: salt, outputByteCount: count, rounds: 1 << logRounds,
            blockSize: blockSize, parallelism: parallelism
        ).withUnsafeBytes { Array($0) }
    }

    private static func text(_ bytes: [UInt8]) -> String {
        String(Data(bytes).base64EncodedString().prefix { $0 != "=" })
    }

    private static func bytes(_ text: some StringProtocol) -> [UInt8]? {
        let padding = String(repeating: "=", count: (4 - text.utf8.count % 4) % 4)
        return Data(base64Encoded: String(text) + padding).map { Array($0) }
    }
}
