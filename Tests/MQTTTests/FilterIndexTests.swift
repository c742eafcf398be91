import MQTT
import Testing

/// What 4.7 says, in the plainest words, to compare with.
func matchesPlainly(_ filter: [String], _ topic: [String]) -> Bool {
    switch (filter.first, topic.first) {
    case ("#", _): true
    case (nil, nil): true
    case (let level?, let name?) where level == "+" || level == name:
        matchesPlainly(Array(filter.dropFirst()), Array(topic.dropFirst()))
    default: false
    }
}

extension Chance {
    /// Few words, so that filters meet topics and each other.
    fileprivate mutating func topic() -> [String] {
        let first = one(of: ["a", "b", "", "$x"])
        return [first] + (0..<number(0...4)).map { _ in one(of: ["a", "b", "", "$x"]) }
    }

    fileprivate mutating func filter() -> [String] {
        var levels = topic().map { number(0...2) == 0 ? "+" : $0 }
        if number(0...2) == 0 { levels[levels.count - 1] = "#" }
        return levels == [""] ? ["a"] : levels
    }
}

@Test(arguments: seeds) func indexFindsWhatTheFiltersSay(seed: UInt64) throws {
    var chance = Chance(seed: seed)
    var index = FilterIndex<Int>()
    var model: [(levels: [String], filter: TopicFilter, value: Int)] = []
    for step in 0..<2_000 {
        if chance.number(0...9) < (step < 1_200 ? 7 : 3) || model.isEmpty {
            let (levels, value) = (chance.filter(), chance.number(0...40))
            let filter = try TopicFilter(levels.joined(separator: "/"))
            let isNew = !model.contains { $0.levels == levels && $0.value == value }
            let inserted = index.insert(filter, value)
            #expect(inserted == isNew, "seed \(seed), step \(step)")
            if isNew { model.append((levels, filter, value)) }
        } else {
            let gone = model.remove(at: chance.number(0...model.count - 1))
            let removed = (1...2).map { _ in index.remove(gone.filter, gone.value) }
            #expect(removed == [true, false], "seed \(seed), step \(step)")
        }
        #expect(index.count == model.count)
        guard step.isMultiple(of: 4) else { continue }
        let topic = chance.topic()
        let bytes = Array(topic.joined(separator: "/").utf8)
        var expected: [Int] = []
        for (levels, filter, value) in model {
            let isServers = topic[0].hasPrefix("$") && (levels[0] == "+" || levels[0] == "#")
            let matches = !isServers && matchesPlainly(levels, topic)
            if matches { expected.append(value) }
            let found = filter.matches(bytes.span.bytes)
            #expect(found == matches, "seed \(seed), \(filter), \(topic)")
        }
        var found: [Int] = []
        index.forEachMatch(bytes.span.bytes) { found.append($0) }
        #expect(found.sorted() == expected.sorted(), "seed \(seed), step \(step), \(topic)")
        let any = index.matchesAny(bytes.span.bytes)
        #expect(any == !expected.isEmpty, "seed \(seed), step \(step), \(topic)")
    }
    for (_, filter, value) in model { index.remove(filter, value) }
    #expect(index.isEmpty)
    #expect(index.levelCount == 0, "removal leaves levels behind, seed \(seed)")
}

@Test func levelsAreSharedAndPruned() throws {
    var index = FilterIndex<String>()
    index.insert(try TopicFilter("a/b/c"), "x")
    index.insert(try TopicFilter("a/b/d"), "x")
    #expect(index.levelCount == 4)
    index.remove(try TopicFilter("a/b/c"), "x")
    #expect(index.levelCount == 3)
    let removedPrefix = index.remove(try TopicFilter("a/b"), "x")
    #expect(!removedPrefix)
    index.remove(try TopicFilter("a/b/d"), "x")
    #expect(index.levelCount == 0)
}

@Test func sharedSubscriptionIsFoundUnderItsFilter() throws {
    var index = FilterIndex<String>()
    index.insert(try TopicFilter("$share/g/a/+"), "g")
    index.insert(try TopicFilter("a/b"), "plain")
    var found: [String] = []
    index.forEachMatch(Array("a/b".utf8).span.bytes) { found.append($0) }
    #expect(found.sorted() == ["g", "plain"])
}

@Test func manyValuesUnderOneFilterKeepTheirOrder() throws {
    var index = FilterIndex<Int>()
    let filter = try TopicFilter("a")
    for value in 0..<100 { index.insert(filter, value) }
    for value in 0..<100 where value != 3 && value != 70 { index.remove(filter, value) }
    let isNew = index.insert(filter, 70)
    #expect(!isNew)
    index.insert(filter, 5)
    var found: [Int] = []
    index.forEachMatch(Array("a".utf8).span.bytes) { found.append($0) }
    #expect(found.sorted() == [3, 5, 70])
    #expect(found.last == 5)
}

@Test func manyLevelsUnderOneAreAllFound() throws {
    var index = FilterIndex<Int>()
    for value in 0..<5_000 { index.insert(try TopicFilter("device/\(value)/+"), value) }
    for value in stride(from: 0, to: 5_000, by: 2) {
        index.remove(try TopicFilter("device/\(value)/+"), value)
    }
    for value in 0..<5_000 {
        let found = index.matchesAny(Array("device/\(value)/t".utf8).span.bytes)
        #expect(found == !value.isMultiple(of: 2))
    }
}

/// Depth is chosen by whoever subscribes: it must not be stack.
@Test func deepestFilterNeedsNoStack() throws {
    var index = FilterIndex<Int>()
    let slashes = String(repeating: "/", count: 65_535)
    index.insert(try TopicFilter(slashes), 1)
    index.insert(try TopicFilter(String(repeating: "+/", count: 32_767) + "#"), 2)
    var found: [Int] = []
    index.forEachMatch(Array(slashes.utf8).span.bytes) { found.append($0) }
    #expect(found.sorted() == [1, 2])
    let any = index.matchesAny(Array(slashes.utf8.dropLast()).span.bytes)
    #expect(any)
}
