/// What is kept for topics, and found by filters: a trie over the levels of topic names.
///
/// Looking up a filter visits only topics that match it or begin like it. The mirror of `FilterIndex`.
package struct TopicIndex<Value> {
    private var levels = LevelTable()
    /// By node.
    private var values: [Value?] = [nil]
    /// Topics with a value.
    package private(set) var count = 0

    package init() {}

    /// Levels in the trie, for tests of pruning.
    package var levelCount: Int { levels.count }

    package subscript(topic: RawSpan) -> Value? { node(of: topic).flatMap { values[$0] } }

    /// Keeps `value` for `topic`.
    /// - Returns: what was kept for it.
    @discardableResult
    package mutating func insert(_ value: Value, for topic: RawSpan) -> Value? {
        var node = LevelTable.root
        var start = 0
        while start <= topic.byteCount {
            let end = topic.levelEnd(from: start, end: topic.byteCount)
            node = levels.childOrNew(of: node, topic.extracting(start..<end))
            start = end + 1
        }
        while values.count < levels.capacity { values.append(nil) }
        let old = values[node]
        values[node] = value
        if old == nil { count += 1 }
        return old
    }

    /// - Returns: what was kept for it.
    @discardableResult
    package mutating func remove(_ topic: RawSpan) -> Value? {
        guard var node = node(of: topic), let old = values[node] else { return nil }
        values[node] = nil
        count -= 1
        while node != LevelTable.root, values[node] == nil, levels.isLeaf(node) {
            node = levels.removeLeaf(node)
        }
        return old
    }

    /// Calls `body` for everything whose topic `filter` matches, each once, in no order that is promised. A shared
    /// subscription matches as the filter inside it does.
    package func forEachMatch(_ filter: TopicFilter, _ body: (Value) -> Void) {
        var wanted: [[UInt8]] = []
        filter.forEachLevel { wanted.append($0.array(0..<$0.byteCount)) }
        // Nodes whose children have to match the level `depth`: a filter may have too many levels for recursion.
        var waiting = [(node: LevelTable.root, depth: 0)]
        while let (node, depth) = waiting.popLast() {
            guard depth < wanted.count else {
                if let value = values[node] { body(value) }
                continue
            }
            switch wanted[depth] {
            case [.hash]: forEach(below: node, body)
            case [.plus]:
                var child = levels.firstChild(of: node)
                while let next = child {
                    // [MQTT-4.7.2-1]
                    if depth > 0 || !levels.isDollar(next) { waiting.append((next, depth + 1)) }
                    child = levels.sibling(of: next)
                }
            case let level:
                if let next = levels.child(of: node, level.span.bytes, 0..<level.count) {
                    waiting.append((next, depth + 1))
                }
            }
        }
    }

    /// Everything under `node` and at it: `a/#` matches `a` too.
    private func forEach(below node: Int, _ body: (Value) -> Void) {
        var waiting = [node]
        while let node = waiting.popLast() {
            if let value = values[node] { body(value) }
            var child = levels.firstChild(of: node)
            while let next = child {
                let isHidden = levels.parent(of: next) == LevelTable.root && levels.isDollar(next)
                // [MQTT-4.7.2-1]
                if !isHidden { waiting.append(next) }
                child = levels.sibling(of: next)
            }
        }
    }

    private func node(of topic: RawSpan) -> Int? {
        var node = LevelTable.root
        var start = 0
        while start <= topic.byteCount {
            let end = topic.levelEnd(from: start, end: topic.byteCount)
            guard let child = levels.child(of: node, topic, start..<end) else { return nil }
            node = child
            start = end + 1
        }
        return node
    }
}

extension TopicIndex: Sendable where Value: Sendable {}
