/// How a trie grows. Each step is one row: `{State, Token} → State` of an edge, and for a new stream
/// `{rlookup, Stream} → Levels`.
extension TopicTrie {
    /// Gives `token` an edge of its own. When this makes the level too broad, all later tokens share one.
    ///
    /// - Returns: the node at the end of the new edge. The token that reaches the threshold is still literal.
    mutating func learn(
        _ token: TopicToken, of topic: RawSpan, at node: UInt32, depth: Int, rows: inout RowBuffer
    ) -> UInt32 {
        let state = nodes[Int(node)].state
        let id = state.next(.token(token.range), in: topic, atoms)
        appendEdge(from: state, .token(token.range), in: topic, to: id, rows: &rows)
        let child = addNode(.node(id))
        addEdge(token, in: topic, from: node, to: child)
        if nodes[Int(node)].children >= thresholds.limit(atDepth: depth) {
            let wildcard = state.next(.wildcard, in: topic, atoms)
            appendEdge(from: state, .wildcard, in: topic, to: wildcard, rows: &rows)
            nodes[Int(node)].wildcard = addNode(.node(wildcard))
        }
        return child
    }

    /// Makes the stream of the topics that end at `node`.
    mutating func learnEnd(
        of topic: RawSpan, varying: [Range<Int>], at node: UInt32, rows: inout RowBuffer
    ) -> StreamID {
        let state = nodes[Int(node)].state
        let id = state.next(.end, in: topic, atoms)
        appendEdge(from: state, .end, in: topic, to: id, rows: &rows)
        let labels = topic.labels(varying: varying)
        rows.append {
            $0.append(TermTag.version)
            $0.append(tuple: 2)
            $0.append(atom: "rlookup", as: atoms)
            $0.append(id: id)
        } value: {
            $0.append(TermTag.version)
            $0.append(list: labels.count)
            for label in labels { $0.append(label: label, in: topic, atoms) }
            $0.append(tag: .null)
        }
        let stream = StreamID(rawValue: id)
        nodes[Int(node)].stream = stream
        levels[stream] = StreamLevels(labels, in: topic)
        return stream
    }

    mutating func addNode(_ state: TrieState) -> UInt32 {
        nodes.append(Node(state: state))
        return UInt32(nodes.count - 1)
    }

    mutating func addEdge(
        _ token: TopicToken, in topic: RawSpan, from node: UInt32, to child: UInt32
    ) {
        let elder = nodes[Int(node)].edge
        nodes[Int(node)].edge = edges.insert(token, in: topic, of: node, child: child, elder: elder)
        nodes[Int(node)].children += 1
    }

    func appendEdge(
        from state: TrieState, _ label: TrieState.Label, in topic: RawSpan, to id: UInt64,
        rows: inout RowBuffer
    ) {
        rows.append {
            $0.append(TermTag.version)
            $0.append(tuple: 2)
            $0.append(state: state, atoms)
            $0.append(label: label, in: topic, atoms)
        } value: {
            $0.append(TermTag.version)
            $0.append(id: id)
        }
    }
}

extension RawSpan {
    /// The levels of a topic name, of which those in `varying`, in order, are wildcards.
    fileprivate func labels(varying: [Range<Int>]) -> [TrieState.Label] {
        var rest = varying[...]
        return levels().map { level in
            guard rest.first == level else { return .token(level) }
            rest.removeFirst()
            return .wildcard
        }
    }

    /// The ranges of the levels of a topic name or filter.
    func levels() -> [Range<Int>] {
        var levels: [Range<Int>] = []
        var start = 0
        for offset in 0..<byteCount where byte(at: offset) == UInt8(ascii: "/") {
            levels.append(start..<offset)
            start = offset + 1
        }
        levels.append(start..<byteCount)
        return levels
    }
}
