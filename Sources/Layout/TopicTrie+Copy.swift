/// What the next generation of a shard begins with (EMQX's `copy_previous_trie`, reference 3.5).
extension TopicTrie {
    /// A trie with the paths of this one that contain a varying level, and no others: what was learned about
    /// which levels vary goes on, the literal topics are learned anew. The streams keep their keys.
    ///
    /// - Parameter rows: gets the rows of the copy.
    package func copyingVaryingPaths(into rows: inout RowBuffer) -> TopicTrie {
        copying(onlyVarying: true, into: &rows)
    }

    /// Appends all rows of this trie, as if it were learned anew.
    package func appendRows(to rows: inout RowBuffer) {
        _ = copying(onlyVarying: false, into: &rows)
    }

    private func copying(onlyVarying: Bool, into rows: inout RowBuffer) -> TopicTrie {
        var copying = Copying(
            copy: TopicTrie(thresholds: thresholds, atoms: atoms), onlyVarying: onlyVarying)
        for root: UInt32 in [0, 1] {
            copying.root = root
            visit(root, &copying, &rows)
        }
        return copying.copy
    }

    /// The path to the node that is visited, as the topic that it spells.
    private struct Copying {
        struct Step {
            let token: Range<Int>
            let isWildcard: Bool
        }

        var copy: TopicTrie
        var root: UInt32 = 0
        var topic: [UInt8] = []
        var steps: [Step] = []
        let onlyVarying: Bool

        init(copy: TopicTrie, onlyVarying: Bool) {
            self.copy = copy
            self.onlyVarying = onlyVarying
        }

        mutating func push(_ token: RawSpan, isWildcard: Bool) {
            if !steps.isEmpty { topic.append(UInt8(ascii: "/")) }
            let start = topic.count
            topic.append(span: token)
            steps.append(Step(token: start..<topic.count, isWildcard: isWildcard))
        }

        mutating func pop() {
            let step = steps.removeLast()
            topic.removeLast(topic.count - step.token.lowerBound + (steps.isEmpty ? 0 : 1))
        }

        /// Adds the path and its stream, if there is one.
        mutating func add(hasStream: Bool, _ rows: inout RowBuffer) {
            guard !onlyVarying || hasStream && steps.contains(where: \.isWildcard) else { return }
            let topic = self.topic
            var node = root
            for step in steps { node = copy.follow(step, in: topic.span.bytes, from: node, &rows) }
            guard hasStream else { return }
            _ = copy.learnEnd(
                of: topic.span.bytes,
                varying: steps.filter(\.isWildcard).map(\.token), at: node, rows: &rows)
        }
    }

    private func visit(_ node: UInt32, _ copying: inout Copying, _ rows: inout RowBuffer) {
        copying.add(hasStream: nodes[Int(node)].stream != nil, &rows)
        var next = nodes[Int(node)].edge
        while next != EdgeTable.none {
            let edge = edges.edges[Int(next)]
            copying.push(
                edges.tokens.span.bytes.extracting(edges.token(of: edge)), isWildcard: false)
            visit(edge.child, &copying, &rows)
            copying.pop()
            next = edge.elder
        }
        let wildcard = nodes[Int(node)].wildcard
        guard wildcard != EdgeTable.none else { return }
        let sign: [UInt8] = [UInt8(ascii: "+")]
        copying.push(sign.span.bytes, isWildcard: true)
        visit(wildcard, &copying, &rows)
        copying.pop()
    }

    /// The node that `step` leads to, made if need be. No level begins to vary by it.
    private mutating func follow(
        _ step: Copying.Step, in topic: RawSpan, from node: UInt32, _ rows: inout RowBuffer
    ) -> UInt32 {
        let state = nodes[Int(node)].state
        if step.isWildcard {
            if nodes[Int(node)].wildcard == EdgeTable.none {
                let id = state.next(.wildcard, in: topic, atoms)
                appendEdge(from: state, .wildcard, in: topic, to: id, rows: &rows)
                nodes[Int(node)].wildcard = addNode(.node(id))
            }
            return nodes[Int(node)].wildcard
        }
        let token = TopicToken(of: topic, at: step.token.lowerBound)
        if let child = edges.child(of: node, token, in: topic) { return child }
        let id = state.next(.token(token.range), in: topic, atoms)
        appendEdge(from: state, .token(token.range), in: topic, to: id, rows: &rows)
        let child = addNode(.node(id))
        addEdge(token, in: topic, from: node, to: child)
        return child
    }
}
