internal import Synchronization

/// Shards to which something has come since wakes are held, for whoever has to look at them: there may be many more
/// that have nothing. Used by the thread that holds wakes.
struct OwedShards: ~Copyable, Sendable {
    /// A bit for each shard, or for all that have the same remainder.
    private let bits = Atomic<UInt64>(0)

    func note(_ shard: Int) {
        bits.store(bits.load(ordering: .relaxed) | Self.bit(of: shard), ordering: .relaxed)
    }

    func clear() { bits.store(0, ordering: .relaxed) }

    /// - Parameters:
    ///   - count: of all shards.
    ///   - body: called with each shard that was noted, and perhaps with others.
    func forEach(of count: Int, _ body: (_ shard: Int) -> Void) {
        var left = bits.load(ordering: .relaxed)
        while left != 0 {
            for shard in stride(from: left.trailingZeroBitCount, to: count, by: UInt64.bitWidth) {
                body(shard)
            }
            left &= left - 1
        }
    }

    private static func bit(of shard: Int) -> UInt64 { 1 << UInt64(shard % UInt64.bitWidth) }
}
