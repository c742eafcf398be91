import Layout
import Testing

@Suite struct TopicTrieTests {
    @Test func theTokenThatReachesTheThresholdKeepsItsOwnStream() {
        var harness = TrieHarness()
        for number in 1...10 { #expect(harness.find("a/\(number)").varying == []) }
        #expect(harness.find("a/11").varying == ["11"])
        #expect(harness.find("a/12").varying == ["12"])
        // What has been learned stays.
        #expect(harness.find("a/10").varying == [])
        #expect(harness.trie.streamCount == 11)
    }

    @Test func theFirstLevelHasAThresholdOfItsOwn() {
        var harness = TrieHarness()
        for number in 1...100 { #expect(harness.find("\(number)").varying == []) }
        #expect(harness.find("101").varying == ["101"])
    }

    @Test(arguments: [(1, 1), (2, 3), (3, 2)])
    func thresholdsCountDifferentTokensOfOneNode(_ root: Int, _ deeper: Int) {
        var harness = TrieHarness(TopicTrie(thresholds: .init(root: root, deeper: deeper)))
        for _ in 0..<3 {
            for number in 1...root { #expect(harness.find("\(number)/x").varying == []) }
        }
        #expect(harness.find("new/x").varying == ["new"])
        // The node behind "new" has one child, "x", of which "1" and the others know nothing.
        for number in 1..<deeper { #expect(harness.find("new/\(number)").varying == ["new"]) }
        #expect(harness.find("new/late").varying == ["new", "late"])
    }

    @Test func theEndOfATopicAndTheSharedEdgeAreNotCounted() {
        var harness = TrieHarness()
        harness.find("a")
        for number in 1...10 { #expect(harness.find("a/\(number)").varying == []) }
        #expect(harness.find("a/11").varying == ["11"])
        #expect(harness.find("a").varying == [])
    }

    @Test func topicsWithADollarSignAreApart() {
        var harness = TrieHarness(TopicTrie(thresholds: .init(root: 2, deeper: 2)))
        harness.find("$a")
        harness.find("$b")
        #expect(harness.find("c").varying == [])
        #expect(harness.find("$c").varying == ["$c"])
    }

    /// The stream of a topic depends on its own path only, so that replicas and generations agree on it.
    @Test func streamsDoNotDependOnTheOrderOfOtherTopics() {
        var (one, other) = (TrieHarness(), TrieHarness())
        let topics = [
            "a/b", "a//b", "/a", "a/", "$a/b", "a", "/", "größe/温度", "a/b/c/d/e/f/g/h/i/j/k",
        ]
        let places = topics.map { one.find($0) }
        #expect(Set(places.map(\.stream)).count == topics.count)
        for (topic, place) in zip(topics, places).reversed() { #expect(other.find(topic) == place) }
    }

    @Test func topicsComeBackFromStreamAndVaryingPart() {
        var harness = TrieHarness(TopicTrie(thresholds: .init(root: 1, deeper: 1)))
        for topic in ["a/b/c", "x/y/z", "x//", "//", "a//c", "", "$x", "$y/", "$z/1/2"] {
            let place = harness.find(topic)
            #expect(harness.topic(of: place) == topic)
        }
        var place = harness.find("p/q/r")
        #expect(place.varying == ["p", "q", "r"])
        place.varying = ["p", "q"]
        #expect(harness.topic(of: place) == nil)
        place.varying = ["p", "q", "r", "s"]
        #expect(harness.topic(of: place) == nil)
        place = harness.find("a/b/c")
        place.varying = ["a"]
        #expect(place != harness.find("a/b/c") && harness.topic(of: place) == nil)
    }

    /// Tokens of eight bytes and more, and such as differ only at the end of a word.
    @Test func longTokensAreToldApart() {
        var harness = TrieHarness(TopicTrie(thresholds: .init(root: 1000, deeper: 1000)))
        var streams: Set<StreamID> = []
        let tokens = (0...40).map { String(repeating: "x", count: $0) }
        for first in tokens {
            for second in tokens { streams.insert(harness.find("\(first)/\(second)y").stream) }
        }
        #expect(streams.count == tokens.count * tokens.count)
        #expect(harness.find("xxxxxxxx\0/y").stream != harness.find("xxxxxxxx/y").stream)
    }

    @Test func aKnownTopicLearnsNothing() {
        var harness = TrieHarness()
        harness.find("a/b")
        let rows = harness.learned.rows.count
        harness.find("a/b")
        #expect(harness.learned.rows.count == rows)
    }

    /// The trie's own hash is easy to defeat on purpose; a hit must compare the tokens.
    @Test func tokensMadeToCollideAreToldApart() {
        func mixed(_ word: UInt64) -> UInt64 {
            let product = (word ^ 0x9E37_79B9_7F4A_7C15).multipliedFullWidth(
                by: 0xD6E8_FEB8_6659_FD93)
            return product.high ^ product.low
        }
        func octets(_ words: [UInt64]) -> [UInt8] {
            words.flatMap { word in
                (0..<8).map { UInt8(truncatingIfNeeded: word >> UInt64(8 * $0)) }
            }
        }
        var trie = TopicTrie()
        var key = TopicKey()
        var learned = RowBuffer()
        var streams: Set<StreamID> = []
        let last: UInt64 = 0x6161_6161_6161_6161
        // The second word makes up for what the first changes.
        let tokens = (0..<20 as Range<UInt64>).map {
            octets([last &+ $0, last ^ mixed(last) ^ mixed(last &+ $0)])
        }
        .filter { !$0.contains(UInt8(ascii: "/")) }
        for token in tokens {
            trie.find(token.span.bytes, into: &key, learning: &learned)
            streams.insert(key.stream)
        }
        #expect(tokens.count > 10 && streams.count == tokens.count)
    }
}
