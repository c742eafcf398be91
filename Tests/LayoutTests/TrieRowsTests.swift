import Layout
import Measure
import Testing

@Suite struct TrieRowsTests {
    /// Terms are spelled out as `term_to_binary` on OTP 26 writes them.
    @Test func rowsAreEdgesAndTheLevelsOfNewStreams() throws {
        var harness = TrieHarness(TopicTrie(thresholds: .init(root: 1, deeper: 10)))
        harness.find("ab/")
        let rows = harness.rows
        try #require(rows.count == 5)
        #expect(rows.map(\.key.count) == [18, 14, 18, 17, 25])
        #expect(rows.map(\.value.count) == [14, 14, 14, 14, 16])
        #expect(hex(rows[0].key) == "836802" + "7706707265666978" + "6d00000002" + "6162")
        #expect(hex(rows[1].key) == "836802" + "7706707265666978" + "77012b")
        let state = hex(rows[0].value.dropFirst())
        #expect(hex(rows[2].key) == "836802" + state + "7700")
        #expect(hex(rows[3].key) == "836802" + hex(rows[2].value.dropFirst()) + "6a")
        #expect(
            hex(rows[4].key) == "836802" + "7707726c6f6f6b7570" + hex(rows[3].value.dropFirst()))
        #expect(hex(rows[4].value) == "836c00000002" + "6d00000002" + "6162" + "7700" + "6a")

        harness.learned.removeAll()
        harness.find("cd/e")
        // The shared edge is there already; behind it are "e", the end, and the levels of the stream.
        let later = harness.rows
        #expect(later.map(\.key.count) == [22, 17, 25])
        #expect(hex(later[2].value) == "836c00000002" + "77012b" + "6d00000001" + "65" + "6a")
    }

    @Test(arguments: [1, 2, 3]) func aRestoredTrieGoesOnWhereTheOldOneWas(_ root: UInt64) throws {
        var seed = Seed(root)
        var old = TrieHarness(TopicTrie(thresholds: .init(root: 4, deeper: 3)))
        for _ in 0..<500 { old.find(randomTopic(using: &seed)) }
        var restorer = TrieRestorer(RowFormat(thresholds: .init(root: 4, deeper: 3)))
        for row in old.rows.shuffled(using: &seed) {
            try restorer.add(key: row.key.span.bytes, value: row.value.span.bytes)
        }
        var restored = TrieHarness(try restorer.finish())
        #expect(restored.trie.streamCount == old.trie.streamCount)
        old.learned.removeAll()
        for _ in 0..<1000 {
            let topic = randomTopic(using: &seed)
            let place = old.find(topic)
            #expect(restored.find(topic) == place, "seed \(root), \(topic)")
            #expect(restored.topic(of: place) == topic, "seed \(root)")
        }
        #expect(restored.rows.map(\.key) == old.rows.map(\.key), "seed \(root)")
        #expect(restored.rows.map(\.value) == old.rows.map(\.value), "seed \(root)")
    }

    @Test func aStreamWithoutItsLevelsIsReported() throws {
        var harness = TrieHarness()
        let place = harness.find("a/b")
        var restorer = TrieRestorer()
        for row in harness.rows.dropLast() {
            try restorer.add(key: row.key.span.bytes, value: row.value.span.bytes)
        }
        #expect(throws: LayoutError.unknownStream(place.stream)) { _ = try restorer.finish() }
    }

    /// Bytes that are no row are refused; what is taken leaves a trie that works.
    @Test func damagedRowsNeverCrash() throws {
        var seed = Seed(11)
        var harness = TrieHarness(TopicTrie(thresholds: .init(root: 2, deeper: 2)))
        for _ in 0..<50 { harness.find(randomTopic(using: &seed)) }
        var refused = 0
        for row in harness.rows {
            for _ in 0..<20 {
                let (key, value) = (
                    damaged(row.key, using: &seed), damaged(row.value, using: &seed)
                )
                var restorer = TrieRestorer()
                do throws(LayoutError) {
                    try restorer.add(key: key.span.bytes, value: value.span.bytes)
                    var trie = TrieHarness(try restorer.finish())
                    trie.find("a/b/c")
                } catch { refused += 1 }
            }
        }
        #expect(refused > 100)
    }
}

func randomTopic(using seed: inout Seed) -> String {
    let levels = (0..<Int.random(in: 1...5, using: &seed)).map { _ in
        let names = ["", "a", "b", "c", "d", "device-\(Int.random(in: 0...9, using: &seed))"]
        return names[Int.random(in: names.indices, using: &seed)]
    }
    return (Int.random(in: 0...9, using: &seed) == 0 ? "$" : "") + levels.joined(separator: "/")
}

/// Cut off somewhere, or with one byte changed.
func damaged(_ bytes: [UInt8], using seed: inout Seed) -> [UInt8] {
    var copy = bytes
    let place = Int.random(in: 0..<bytes.count, using: &seed)
    if Bool.random(using: &seed) {
        copy.removeLast(bytes.count - place)
    } else {
        copy[place] = UInt8.random(in: 0...255, using: &seed)
    }
    return copy
}
