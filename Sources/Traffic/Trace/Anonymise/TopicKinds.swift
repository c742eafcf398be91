/// Tells topics apart by what their messages are likely to look like, with a bounded number of kinds: by how
/// many levels they have and by their last level, or their first where the last differs from device to device.
struct TopicKinds {
    /// By levels and place of the level: hashes of its texts; nil once there were too many.
    private var texts: [Place: Set<UInt64>?] = [:]

    private struct Place: Hashable {
        let levels: Int
        let isLast: Bool
    }

    /// Texts of one level that still tell kinds apart, and counts of levels that do.
    private static let limit = 16

    /// - Parameter topic: as it was; empty if it is not known.
    mutating func kind(of topic: ArraySlice<UInt8>) -> UInt64 {
        guard !topic.isEmpty else { return 0 }
        let slash = UInt8(ascii: "/")
        let levels = min(topic.reduce(1) { $0 + ($1 == slash ? 1 : 0) }, Self.limit)
        let last = (topic.lastIndex(of: slash) ?? topic.startIndex - 1) + 1
        let first = topic.firstIndex(of: slash) ?? topic.endIndex
        for (isLast, level) in [(true, topic[last...]), (false, topic[..<first])] {
            let text = fnv(level)
            if tells(Place(levels: levels, isLast: isLast), text) {
                return text &+ UInt64(levels) << 1 &+ (isLast ? 1 : 0)
            }
        }
        return UInt64(levels)
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
