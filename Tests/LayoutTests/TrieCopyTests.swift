import Layout
import Measure
import Testing

/// What a new generation begins with, and how a trie is written again (reference 3.5).
@Suite struct TrieCopyTests {
    /// Atoms are in the hashes that make all keys: a copy that writes them otherwise has other streams.
    private static func format(_ root: UInt64) -> RowFormat {
        RowFormat(
            atoms: root == 2 ? .otp25 : .otp26, thresholds: .init(root: 4, deeper: 3))
    }

    /// Streams of varying topics go on under their keys, literal topics are learned anew.
    ///
    /// Checklist 19. Fails if literal paths are copied too, or if none are.
    @Test(arguments: [1, 2, 3]) func onlyVaryingPathsAreCopied(_ root: UInt64) throws {
        var seed = Seed(root)
        let format = Self.format(root)
        var old = TrieHarness(TopicTrie(format))
        let topics = (0..<500).map { _ in randomTopic(using: &seed) }
        for topic in topics { old.find(topic) }
        var rows = RowBuffer()
        var copy = TrieHarness(old.trie.copyingVaryingPaths(into: &rows))
        #expect(copy.trie.streamCount > 0 && copy.trie.streamCount < old.trie.streamCount)
        var varying = 0
        for topic in Set(topics) {
            let place = old.find(topic)
            guard !place.varying.isEmpty else {
                #expect(copy.topic(of: place) == nil, "seed \(root), \(topic) is literal")
                continue
            }
            varying += 1
            #expect(copy.topic(of: place) == topic, "seed \(root)")
        }
        #expect(varying > 20)
        // The rows are those of the copy.
        var restorer = TrieRestorer(format)
        for row in rows.rows {
            try restorer.add(
                key: rows.bytes.span.bytes.extracting(row.key),
                value: rows.bytes.span.bytes.extracting(row.value))
        }
        var restored = TrieHarness(try restorer.finish())
        for topic in topics {
            #expect(restored.find(topic) == copy.find(topic), "seed \(root), \(topic)")
        }
    }

    /// All rows, as if the trie were learned anew: also an edge that no topic has used yet.
    @Test(arguments: [1, 2, 3]) func aTrieCanBeWrittenAgain(_ root: UInt64) {
        var seed = Seed(root)
        var harness = TrieHarness(TopicTrie(Self.format(root)))
        for _ in 0..<300 { harness.find(randomTopic(using: &seed)) }
        var rows = RowBuffer()
        harness.trie.appendRows(to: &rows)
        func pairs(_ buffer: RowBuffer) -> Set<[[UInt8]]> {
            Set(buffer.rows.map { [Array(buffer.bytes[$0.key]), Array(buffer.bytes[$0.value])] })
        }
        #expect(pairs(rows) == pairs(harness.learned), "seed \(root)")
        #expect(rows.rows.count == harness.learned.rows.count, "seed \(root)")
    }

    @Test func termsAreWrittenAsTheyAreRead() throws {
        let terms: [Term] = [
            .integer(0), .integer(255), .integer(256), .integer(-1), .integer(1 << 40),
            .integer(-(1 << 40)), .atom("undefined"), .binary([]), .binary([0, 255]), .list([]),
            .tuple([]), .tuple(Array(repeating: .integer(1), count: 300)),
            .list([.atom("a"), .list([.binary([1])])]),
            .map([.atom("a"): .integer(1), .atom("b"): .map([.integer(2): .list([])])]),
        ]
        for term in terms {
            let bytes = term.encoded
            let read = try Term(decoding: bytes.span.bytes)
            #expect(read == term)
        }
        #expect(
            Term.tuple([.integer(1), .atom("ab")]).encoded == [131, 104, 2, 97, 1, 119, 2, 97, 98])
    }
}
