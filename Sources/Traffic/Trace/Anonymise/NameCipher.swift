internal import Layout

/// Replaces texts that name something by others of the same number of bytes: levels of topics, client
/// identifiers, user names. The same text has the same replacement wherever it stands, and different texts
/// have different ones, so the topic tree keeps its shape and each level its cardinality.
///
/// A text of eleven bytes and more becomes a truncated HMAC-SHA256 in the 64 characters of base64url (66
/// bits and more: no two are the same). In a shorter one of printable ASCII, the characters that are among
/// the 64 become others by a permutation of all texts of that many characters, a Feistel network whose
/// rounds are HMAC-SHA256; signs such as `.` and `:` stay. Whatever is left, such as short texts with
/// umlauts, becomes `~` and a truncated HMAC.
///
/// A replacement hashes to the same of `shards` shards as the original does in EMQX, so that what is stored
/// where does not change either: four bits of a hash are all that shows of the text.
struct NameCipher {
    private let key: AnonymisationKey
    private var known = Interner()
    private var replacements: [[UInt8]] = []
    /// What short texts that are hashed have become, so that no two become the same.
    private var taken: [[UInt8]: [UInt8]] = [:]

    /// EMQX's default, `durable_storage.messages.n_shards`; the divisors of it are kept too.
    static let shards = 16
    /// From this length on, a hash is as good as different.
    private static let hashed = 11
    private static let rounds: UInt64 = 10
    /// Beyond so many texts the table begins anew: what it holds can be worked out again.
    private static let remembered = 1 << 18
    private static let alphabet = Array(
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_".utf8)
    /// Six bits of each character of `alphabet`; 64 of all others.
    private static let digits: [UInt8] = (0..<256).map { byte in
        UInt8(alphabet.firstIndex(of: UInt8(byte)) ?? 64)
    }

    init(_ key: AnonymisationKey) { self.key = key }

    /// The replacement of a whole text.
    mutating func replace(_ text: RawSpan) -> [UInt8] {
        if known.count >= Self.remembered { (known, replacements) = (Interner(), []) }
        let number = known.number(of: text)
        if number == replacements.count {
            replacements.append(replacement(text.withUnsafeBytes { Array($0) }))
        }
        return replacements[number]
    }

    mutating func replace(_ text: String) -> String {
        String(decoding: replace(Array(text.utf8).span.bytes), as: UTF8.self)
    }

    private mutating func replacement(_ text: [UInt8]) -> [UInt8] {
        guard !text.isEmpty else { return [] }
        if text.count >= Self.hashed { return hash(text) }
        guard text.allSatisfy({ 0x20..<0x7E ~= $0 }) else { return shortHash(text) }
        return permuted(text)
    }

    private func hash(_ text: [UInt8]) -> [UInt8] {
        let shard = Self.shard(text)
        var attempt: UInt64 = 0
        while true {
            let candidate = characters(text.count, of: text, attempt)
            // The bound is never met: one in sixteen fits.
            if Self.shard(candidate) == shard || attempt > 4_096 { return candidate }
            attempt += 1
        }
    }

    private func characters(_ count: Int, of text: [UInt8], _ attempt: UInt64) -> [UInt8] {
        var characters: [UInt8] = []
        var block: UInt64 = 0
        while characters.count < count {
            let code = key.code(.name, attempt << 32 | block, text)
            characters += code.bytes.map { Self.alphabet[Int($0 & 63)] }
            block += 1
        }
        return Array(characters.prefix(count))
    }

    private func permuted(_ text: [UInt8]) -> [UInt8] {
        let places = text.indices.filter { Self.digits[Int(text[$0])] < 64 }
        guard !places.isEmpty else { return text }
        var value = places.reduce(UInt64(0)) { $0 << 6 | UInt64(Self.digits[Int(text[$1])]) }
        let shard = Self.shard(text)
        var result = text
        // On until a text of the same shard comes: this permutes the texts of each shard among themselves.
        repeat {
            value = permute(value, bits: UInt64(3 * places.count), text.count)
            for (index, place) in places.reversed().enumerated() {
                result[place] = Self.alphabet[Int(value >> UInt64(6 * index) & 63)]
            }
        } while Self.shard(result) != shard
        return result
    }

    /// Permutes the numbers of `2 * bits` bits.
    private func permute(_ value: UInt64, bits: UInt64, _ length: Int) -> UInt64 {
        let mask = (UInt64(1) << bits) - 1
        var (left, right) = (value >> bits, value & mask)
        for round in 0..<Self.rounds {
            let number = round << 56 | UInt64(length) << 48 | bits << 40 | right
            (left, right) = (right, left ^ key.code(.round, number, []).word & mask)
        }
        return left << bits | right
    }

    private mutating func shortHash(_ text: [UInt8]) -> [UInt8] {
        let shard = Self.shard(text)
        var first: [UInt8]?
        for attempt in 0..<UInt64(1_024) {
            let candidate = [UInt8(ascii: "~")] + characters(text.count - 1, of: text, attempt)
            guard taken[candidate].map({ $0 == text }) ?? true else { continue }
            first = first ?? candidate
            guard Self.shard(candidate) == shard else { continue }
            taken[candidate] = text
            return candidate
        }
        // One or two bytes have not the room for all that is asked.
        let candidate = first ?? [UInt8(ascii: "~")] + characters(text.count - 1, of: text, 0)
        taken[candidate] = text
        return candidate
    }

    private static func shard(_ text: [UInt8]) -> Int {
        ShardHash(of: text.span.bytes).shard(of: shards)
    }
}
