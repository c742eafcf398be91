import Layout
import Measure
import Testing

@Suite struct StreamMatchTests {
    @Test func aFilterNamesTheTokensItWantsOfVaryingLevels() {
        var harness = TrieHarness(TopicTrie(thresholds: .init(root: 9, deeper: 1)))
        let literal = harness.find("env/a/pm10").stream
        let shared = harness.find("env/b/pm10").stream
        let both = harness.find("env/b/rh")
        #expect(both.varying == ["b", "rh"])
        #expect(matches("env/a/pm10", in: harness) == [literal: []])
        #expect(matches("env/c/pm10", in: harness) == [shared: ["c"]])
        #expect(matches("env/+/pm10/#", in: harness) == [literal: [], shared: [nil]])
        #expect(matches("env/b/rh", in: harness) == [both.stream: ["b", "rh"]])
        #expect(matches("other/#", in: harness) == [:])
    }

    /// The truth is asked of each topic alone; filter and trie never meet in it.
    @Test(arguments: [1, 2, 3, 4]) func streamsOfAFilterHoldExactlyItsTopics(_ root: UInt64) {
        var seed = Seed(root)
        var harness = TrieHarness(TopicTrie(thresholds: .init(root: 3, deeper: 2)))
        let topics = Set((0..<400).map { _ in randomTopic(using: &seed) })
        // Learned once, so that places are final.
        for topic in topics.sorted() { harness.find(topic) }
        let places = topics.sorted().map { (topic: $0, place: harness.find($0)) }
        for _ in 0..<300 {
            let filter = randomFilter(using: &seed)
            let streams = matches(filter, in: harness)
            #expect(streams != nil, "a stream came twice: seed \(root), \(filter)")
            for (topic, place) in places {
                let found = streams?[place.stream].map { wanted in
                    zip(wanted, place.varying).allSatisfy { $0 == nil || $0 == $1 }
                }
                #expect(
                    found ?? false == levels(of: topic, match: filter),
                    "seed \(root), \(filter), \(topic)")
            }
        }
    }

    /// `nil` when a stream is named twice.
    private func matches(_ filter: String, in harness: TrieHarness) -> [StreamID: [String?]]? {
        let bytes = Array(filter.utf8)
        var result: [StreamID: [String?]] = [:]
        for match in harness.trie.streams(matching: bytes.span.bytes) {
            let tokens = match.tokens.map { $0.map { String(decoding: $0, as: UTF8.self) } }
            guard result.updateValue(tokens, forKey: match.stream) == nil else { return nil }
        }
        return result
    }

    private func randomFilter(using seed: inout Seed) -> String {
        var levels = randomTopic(using: &seed).split(
            separator: "/", omittingEmptySubsequences: false
        ).map(
            String.init)
        for place in levels.indices where Int.random(in: 0...2, using: &seed) == 0 {
            levels[place] = "+"
        }
        if Int.random(in: 0...3, using: &seed) == 0 { levels[levels.count - 1] = "#" }
        return levels.joined(separator: "/")
    }

    /// MQTT 4.7.
    private func levels(of topic: String, match filter: String) -> Bool {
        if topic.hasPrefix("$"), let first = filter.first, "+#".contains(first) { return false }
        var names = topic.split(separator: "/", omittingEmptySubsequences: false)[...]
        for level in filter.split(separator: "/", omittingEmptySubsequences: false) {
            if level == "#" { return true }
            guard let name = names.popFirst(), level == "+" || level == name else { return false }
        }
        return names.isEmpty
    }
}
