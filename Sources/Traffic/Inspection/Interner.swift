/// Gives equal byte strings equal numbers, counted from 0, without building a value per look-up.
struct Interner: Sendable {
    private var bytes: [UInt8] = []
    private var ends: [Int] = [0]
    /// Number plus one, 0 where free; a power of two of them, at most half used.
    private var slots = [UInt32](repeating: 0, count: 256)

    var count: Int { ends.count - 1 }
    /// Of all strings together.
    var byteCount: Int { bytes.count }

    /// The number of a string that has one.
    func known(_ text: RawSpan) -> Int? {
        let slot = slot(of: text)
        return slots[slot] == 0 ? nil : Int(slots[slot]) - 1
    }

    mutating func number(of text: RawSpan) -> Int {
        if count * 2 >= slots.count { grow() }
        let slot = slot(of: text)
        guard slots[slot] == 0 else { return Int(slots[slot]) - 1 }
        text.withUnsafeBytes { bytes.append(contentsOf: $0) }
        ends.append(bytes.count)
        slots[slot] = UInt32(count)
        return count - 1
    }

    func withText<Result>(_ number: Int, _ body: (RawSpan) -> Result) -> Result {
        body(bytes.span.bytes.extracting(ends[number]..<ends[number + 1]))
    }

    /// Where the string is, or where it would be put.
    private func slot(of text: RawSpan) -> Int {
        var slot = Self.hash(text) & (slots.count - 1)
        while slots[slot] != 0 {
            if isEqual(Int(slots[slot]) - 1, text) { break }
            slot = (slot + 1) & (slots.count - 1)
        }
        return slot
    }

    private func isEqual(_ number: Int, _ text: RawSpan) -> Bool {
        let (start, count) = (ends[number], text.byteCount)
        guard ends[number + 1] - start == count else { return false }
        let known = bytes.span.bytes
        var offset = 0
        while count - offset >= 8 {
            guard known.eight(at: start + offset) == text.eight(at: offset) else { return false }
            offset += 8
        }
        while offset < count {
            guard known.byte(at: start + offset) == text.byte(at: offset) else { return false }
            offset += 1
        }
        return true
    }

    private mutating func grow() {
        slots = [UInt32](repeating: 0, count: slots.count * 2)
        for number in 0..<count {
            var slot = withText(number, Self.hash) & (slots.count - 1)
            while slots[slot] != 0 { slot = (slot + 1) & (slots.count - 1) }
            slots[slot] = UInt32(number + 1)
        }
    }

    /// FNV-1a over words of eight bytes, stirred once at the end.
    static func hash(_ text: RawSpan) -> Int {
        var hash: UInt64 = 0xCBF2_9CE4_8422_2325
        var offset = 0
        while text.byteCount - offset >= 8 {
            hash = (hash ^ text.eight(at: offset)) &* 0x0000_0100_0000_01B3
            hash ^= hash >> 32
            offset += 8
        }
        while offset < text.byteCount {
            hash = (hash ^ UInt64(text.byte(at: offset))) &* 0x0000_0100_0000_01B3
            offset += 1
        }
        return Int(truncatingIfNeeded: hash ^ hash >> 29)
    }
}
