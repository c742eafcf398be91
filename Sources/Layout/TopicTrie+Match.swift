/// A stream that may hold messages for a topic filter.
package struct StreamMatch: Equatable, Sendable {
    package let stream: StreamID
    /// One for each varying level, in order: the token that the filter wants there, `nil` for any.
    /// A token at position `i` can be looked up in the index of level `i + 1`.
    package let tokens: [[UInt8]?]
}

extension TopicTrie {
    /// The streams whose topics `filter` can match, and no others. All topics of the stream match that have
    /// the tokens wanted.
    ///
    /// - Parameter filter: a valid topic filter, without `$share/…/`.
    package func streams(matching filter: RawSpan) -> [StreamMatch] {
        var search = Search(levels: filter.levels())
        let root = TopicTrie.root(of: filter)
        visit(root, filter, depth: 0, &search)
        return search.matches
    }

    private struct Search {
        let levels: [Range<Int>]
        var tokens: [[UInt8]?] = []
        var matches: [StreamMatch] = []
    }

    private func visit(_ node: UInt32, _ filter: RawSpan, depth: Int, _ search: inout Search) {
        guard depth < search.levels.count else { return take(node, &search) }
        let level = search.levels[depth]
        if filter.isWildcard("#", level) {
            // [MQTT-4.7.1-2]: also the parent level itself.
            return takeAll(below: node, &search)
        }
        if filter.isWildcard("+", level) {
            forEachChild(of: node) { visit($0, filter, depth: depth + 1, &search) }
            visitWildcard(of: node, wanting: nil, &search) {
                visit($0, filter, depth: depth + 1, &$1)
            }
        } else if let child = edges.child(
            of: node, TopicToken(of: filter, at: level.lowerBound), in: filter)
        {
            // A token with an edge of its own never varies.
            visit(child, filter, depth: depth + 1, &search)
        } else {
            let token = filter.extracting(level).withUnsafeBytes { Array($0) }
            visitWildcard(of: node, wanting: token, &search) {
                visit($0, filter, depth: depth + 1, &$1)
            }
        }
    }

    private func takeAll(below node: UInt32, _ search: inout Search) {
        take(node, &search)
        forEachChild(of: node) { takeAll(below: $0, &search) }
        visitWildcard(of: node, wanting: nil, &search) { takeAll(below: $0, &$1) }
    }

    private func take(_ node: UInt32, _ search: inout Search) {
        guard let stream = nodes[Int(node)].stream else { return }
        search.matches.append(StreamMatch(stream: stream, tokens: search.tokens))
    }

    private func forEachChild(of node: UInt32, _ body: (UInt32) -> Void) {
        var next = nodes[Int(node)].edge
        while next != EdgeTable.none {
            let edge = edges.edges[Int(next)]
            body(edge.child)
            next = edge.elder
        }
    }

    private func visitWildcard(
        of node: UInt32, wanting token: [UInt8]?, _ search: inout Search,
        _ body: (UInt32, inout Search) -> Void
    ) {
        let wildcard = nodes[Int(node)].wildcard
        guard wildcard != EdgeTable.none else { return }
        search.tokens.append(token)
        body(wildcard, &search)
        search.tokens.removeLast()
    }
}

extension RawSpan {
    fileprivate func isWildcard(_ sign: Unicode.Scalar, _ level: Range<Int>) -> Bool {
        level.count == 1 && byte(at: level.lowerBound) == UInt8(ascii: sign)
    }
}
