import MQTT
import Measure
import Testing

/// The index of topics by filter, against the filter's own say.
@Suite struct TopicIndexTests {
    private static let levels = ["a", "b", "", "$x", "long level with spaces", "ü"]

    private static func draw(_ count: ClosedRange<Int>, from: [String], _ seed: inout Seed)
        -> String
    {
        (0..<Int.random(in: count, using: &seed)).map { _ in from.randomElement(using: &seed) ?? "a"
        }
        .joined(separator: "/")
    }

    /// Fails if a wildcard in the first level finds a topic that begins with `$` [MQTT-4.7.2-1].
    @Test(arguments: 1...4 as ClosedRange<UInt64>)
    func itFindsWhatTheFilterMatches(_ root: UInt64) throws {
        var seed = Seed(root).branch("topics")
        var index = TopicIndex<String>()
        var model: Set<String> = []
        for step in 0..<2_000 {
            let topic = Self.draw(1...4, from: Self.levels, &seed)
            guard !topic.isEmpty else { continue }
            let bytes = Array(topic.utf8)
            if Int.random(in: 0..<3, using: &seed) == 0 {
                let old = index.remove(bytes.span.bytes)
                #expect((old != nil) == (model.remove(topic) != nil), "seed \(root), \(step)")
            } else {
                let old = index.insert(topic, for: bytes.span.bytes)
                #expect((old == nil) == model.insert(topic).inserted, "seed \(root), \(step)")
            }
            #expect(index.count == model.count)
            guard step % 10 == 0 else { continue }
            var text = Self.draw(1...4, from: Self.levels + ["+", "+"], &seed)
            if Bool.random(using: &seed) { text += "/#" }
            if step % 100 == 0 { text = "#" }
            guard !text.isEmpty else { continue }
            let filter = try TopicFilter(text)
            var found: [String] = []
            index.forEachMatch(filter) { found.append($0) }
            let wanted = model.filter { topic in
                let bytes = Array(topic.utf8)
                return filter.matches(bytes.span.bytes)
            }
            #expect(found.sorted() == wanted.sorted(), "seed \(root), \(text)")
        }
    }

    /// Fails if the levels of a removed topic stay behind.
    @Test func whatIsRemovedLeavesNothingBehind() {
        var index = TopicIndex<Int>()
        let topics = (0..<50).map { Array("a/\($0)/b/\($0 % 7)".utf8) }
        for (number, topic) in topics.enumerated() { index.insert(number, for: topic.span.bytes) }
        for topic in topics { index.remove(topic.span.bytes) }
        #expect(index.count == 0)
        #expect(index.levelCount == 0)
    }
}
