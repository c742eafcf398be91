/// Tells topics apart by what their messages are likely to look like, with a bounded number of kinds: by how
/// many levels they have and by the last level that does not differ from device to device.
struct TopicKinds {
    /// Hashes of the texts of each level; nil once there were too many.
    private var texts: [Place: Set<UInt64>?] = [:]

    private struct Place: Hashable {
        let levels: Int
        let level: Int
    }

    /// Levels that are looked at.
    private static let levels = 16
    /// Texts of one level that still tell kinds apart.
    private static let limit = 32

    /// - Parameter topic: as it was; empty if it is not known.
    mutating func kind(of topic: ArraySlice<UInt8>) -> UInt64 {
        guard !topic.isEmpty else { return 0 }
        let levels = topic.split(
            separator: UInt8(ascii: "/"), maxSplits: Self.levels - 1,
            omittingEmptySubsequences: false)
        for (level, text) in levels.enumerated().reversed() {
            let text = fnv(text)
            if tells(Place(levels: levels.count, level: level), text) {
                return text &+ UInt64(levels.count * Self.levels + level)
            }
        }
        return UInt64(levels.count)
    }

    private mutating func tells(_ place: Place, _ text: UInt64) -> Bool {
        guard var known = texts[place, default: []] else { return false }
        known.insert(text)
        texts[place] = .some(known.count <= Self.limit ? known : nil)
        return known.count <= Self.limit
    }
}

/// FNV-1a: for tables that are ours alone.
func fnv(_ bytes: some Sequence<UInt8>) -> UInt64 {
    bytes.reduce(0xCBF2_9CE4_8422_2325) { ($0 ^ UInt64($1)) &* 0x0000_0100_0000_01B3 }
}
