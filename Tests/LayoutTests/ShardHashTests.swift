import Layout
import Testing

@Suite struct ShardHashTests {
    /// What `erlang:phash2/1` and `erlang:phash2/2` answered.
    ///
    /// Checklist 6. Fails if any other hash, or other constants of this one, choose the shard.
    @Test(arguments: [
        ("", 13_708_901, 5), ("a", 112_802_447, 15), ("dev-00042", 32_955_521, 1),
        ("sensor-0001", 4_552_470, 6),
        ("emqx_c", 92_604_939, 11), ("0123456789abcdef0123", 95_994_519, 7),
    ])
    func clientIDsFallIntoTheShardsOfErlang(_ clientID: String, _ phash2: UInt32, _ shard: Int) {
        let bytes = Array(clientID.utf8)
        let hash = ShardHash(of: bytes.span.bytes)
        #expect(hash.phash2 == phash2)
        #expect(hash.shard(of: 16) == shard)
    }

    @Test func theShardComesFromAllThirtyTwoBits() {
        // With a count that is no power of two, 27 bits would give another shard.
        let hash = ShardHash(of: Array("a".utf8).span.bytes)
        #expect(hash.rawValue > hash.phash2)
        #expect(hash.shard(of: 1000) == Int(hash.rawValue % 1000))
    }
}
