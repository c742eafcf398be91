import Layout
import Measure
import Testing

/// Topic tables that were fed to EMQX's own trie (16 shards by client id, random order), and what it made of
/// them: streams, and in a second pass the share of messages by number of varying levels.
@Suite struct TopicTableTests {
    struct Table: CustomTestStringConvertible, Sendable {
        let shape: String
        let devices: Int
        let streams: Int
        /// Of a hundred messages, by number of varying levels.
        let varying: [Double]
        /// How far the random order may move the two.
        let tolerance: (streams: Double, varying: Double)
        let topics: @Sendable (_ device: Int, _ seed: inout Seed) -> [String]

        var testDescription: String { shape }
    }

    static let tables = [
        Table(
            shape: "sensors/<dev>/<m>", devices: 5000, streams: 704, varying: [3.2, 96.8],
            tolerance: (0, 0.05)
        ) {
            device, _ in (0..<4).map { "sensors/dev-\(device)/m\($0)" }
        },
        Table(
            shape: "site/<line>/<dev>/<m>", devices: 5000, streams: 7040, varying: [32, 68],
            tolerance: (0, 0.05)
        ) {
            device, _ in (0..<4).map { "site/\(device % 10)/dev-\(device)/m\($0)" }
        },
        Table(
            shape: "<dev>/<m>", devices: 5000, streams: 6464, varying: [32, 68],
            tolerance: (0, 0.05)
        ) {
            device, _ in (0..<4).map { "dev-\(device)/m\($0)" }
        },
        Table(
            shape: "v1/<site>/<line>/<dev>/<m>", devices: 8000, streams: 64680,
            varying: [31.6, 32.7, 12.7, 19.5, 3.6], tolerance: (0.03, 1.5)
        ) { device, seed in
            let site = Int.random(in: 0..<20, using: &seed)
            let line = Int.random(in: 0..<20, using: &seed)
            return (0..<12).map { "v1/site\(site)/line\(line)/dev-\(device)/m\($0)" }
        },
    ]

    /// Checklist 11. Fails if a threshold is other than 100 and 10, or counts another thing than children.
    @Test(arguments: tables) func streamsAndVaryingLevelsAreThoseOfEMQX(_ table: Table) {
        var seed = Seed(35).branch(table.shape)
        var published: [(shard: Int, topic: String)] = []
        for device in 0..<table.devices {
            let client = Array("dev-\(device)".utf8)
            let shard = ShardHash(of: client.span.bytes).shard(of: 16)
            for topic in table.topics(device, &seed) { published.append((shard, topic)) }
        }
        published.shuffle(using: &seed)
        var shards = (0..<16).map { _ in TrieHarness() }
        for (shard, topic) in published { shards[shard].find(topic) }
        let streams = shards.reduce(0) { $0 + $1.trie.streamCount }
        let most = Double(table.streams) * table.tolerance.streams
        #expect(abs(Double(streams - table.streams)) <= most, "\(streams) streams")

        var histogram = [Int](repeating: 0, count: table.varying.count)
        let learned = shards.map(\.learned.rows.count)
        for (shard, topic) in published { histogram[shards[shard].find(topic).varying.count] += 1 }
        #expect(shards.map(\.learned.rows.count) == learned, "a second pass learns nothing")
        for (count, wanted) in zip(histogram, table.varying) {
            let share = 100 * Double(count) / Double(published.count)
            #expect(
                abs(share - wanted) <= table.tolerance.varying, "\(histogram) of \(published.count)"
            )
        }
    }
}
