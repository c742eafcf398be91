/// Who subscribed to what: a trie over the levels of topic filters.
///
/// Looking up a topic visits only the filters that match it or begin like it, and allocates nothing. Values come in an
/// order that the history of the index alone decides.
///
/// A shared subscription is kept under the filter inside it. If a value can hold both, it has to tell them apart: put
/// the group into `Value`.
package struct FilterIndex<Value: Hashable> {
    private var levels = LevelTable()
    /// The values of filters that end at a node, by node.
    private var values: [ValueList<Value>] = [ValueList()]
    /// Pairs of filter and value.
    package private(set) var count = 0

    package init() {}

    package var isEmpty: Bool { count == 0 }

    /// - Returns: false if the pair was there already.
    @discardableResult
    package mutating func insert(_ filter: TopicFilter, _ value: Value) -> Bool {
        var node = LevelTable.root
        filter.forEachLevel { node = levels.childOrNew(of: node, $0) }
        while values.count < levels.capacity { values.append(ValueList()) }
        let isNew = values[node].insert(value)
        if isNew { count += 1 }
        return isNew
    }

    /// - Returns: false if the pair was not there.
    @discardableResult
    package mutating func remove(_ filter: TopicFilter, _ value: Value) -> Bool {
        var found: Int? = LevelTable.root
        filter.forEachLevel { level in
            found = found.flatMap { levels.child(of: $0, level, 0..<level.byteCount) }
        }
        guard var node = found, values[node].remove(value) else { return false }
        count -= 1
        while node != LevelTable.root, values[node].isEmpty, levels.isLeaf(node) {
            node = levels.removeLeaf(node)
        }
        return true
    }

    /// Calls `body` for every pair whose filter matches: twice for a value that is under two such filters.
    package func forEachMatch(_ topic: RawSpan, _ body: (Value) -> Void) {
        _ = firstNode(topic) { node in
            values[node].forEach(body)
            return false
        }
    }

    package func matchesAny(_ topic: RawSpan) -> Bool {
        firstNode(topic) { !values[$0].isEmpty } != nil
    }

    /// Levels in the trie, for tests of pruning.
    package var levelCount: Int { levels.count }

    /// Visits the nodes where matching filters end until `isWanted` says yes.
    ///
    /// A depth-first walk that finds its way back by the parents instead of a stack: a filter can have 65,536 levels,
    /// which is too many for recursion, and an array would be an allocation.
    private func firstNode(_ topic: RawSpan, where isWanted: (Int) -> Bool) -> Int? {
        let end = topic.byteCount
        let dollar = topic.startsWithDollar
        // `start` is where the level begins that children of `node` have to match; past the end, there is none
        var (node, start) = (LevelTable.root, 0)
        while true {
            // [MQTT-4.7.2-1]
            let wildcards = node != LevelTable.root || !dollar
            if wildcards, let hash = levels.hash(of: node), isWanted(hash) { return hash }
            var next: Int?
            if start > end {
                if isWanted(node) { return node }
            } else {
                let levelEnd = topic.levelEnd(from: start, end: end)
                next = levels.child(of: node, topic, start..<levelEnd)
                if next == nil, wildcards { next = levels.plus(of: node) }
                if next != nil { start = levelEnd + 1 }
            }
            // nothing below: back up to the first node that was entered by name and has a `+` beside it
            while next == nil {
                guard node != LevelTable.root else { return nil }
                let (left, parent) = (node, levels.parent(of: node))
                let levelEnd = start - 1
                start = topic.levelStart(before: levelEnd)
                node = parent
                guard let plus = levels.plus(of: parent), plus != left else { continue }
                guard parent != LevelTable.root || !dollar else { continue }
                (next, start) = (plus, levelEnd + 1)
            }
            if let next { node = next }
        }
    }
}

extension FilterIndex: Sendable where Value: Sendable {}

extension RawSpan {
    /// Where the level begins that ends at `end`.
    fileprivate func levelStart(before end: Int) -> Int {
        var offset = end
        while offset > 0, byte(at: offset - 1) != .slash { offset -= 1 }
        return offset
    }
}
