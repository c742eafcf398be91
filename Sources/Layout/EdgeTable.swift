/// The literal edges of a trie: (node, token) → node, in one open-addressed table for all nodes.
///
/// Exact: a hit compares the token's bytes. Edges are never removed, as EMQX never removes them.
struct EdgeTable: Sendable {
    struct Edge {
        let parent: UInt32
        let child: UInt32
        /// Of the token, in `tokens`.
        let start: UInt32
        let count: UInt32
        /// The edge that its node had before it, or `none`.
        let elder: UInt32
    }

    static let none = UInt32.max

    private(set) var edges: [Edge] = []
    private(set) var tokens: [UInt8] = []
    /// Upper half: the upper half of the hash; lower half: one more than the edge's index; 0 is free.
    private var slots = [UInt64](repeating: 0, count: 64)

    func child(of node: UInt32, _ token: TopicToken, in topic: RawSpan) -> UInt32? {
        let hash = token.hash.mixed(with: UInt64(node))
        let mask = slots.count - 1
        var place = Int(truncatingIfNeeded: hash) & mask
        while true {
            let slot = slots[place]
            if slot == 0 { return nil }
            if slot >> 32 == hash >> 32 {
                let edge = edges[Int(truncatingIfNeeded: slot & 0xFFFF_FFFF) - 1]
                if edge.parent == node, Int(edge.count) == token.range.count,
                    topic.hasEqualBytes(token.range, as: tokens.span.bytes, Int(edge.start))
                {
                    return edge.child
                }
            }
            place = (place + 1) & mask
        }
    }

    /// Adds an edge that is not there yet, after `elder`.
    ///
    /// - Returns: its index, the next child's `elder`.
    mutating func insert(
        _ token: TopicToken, in topic: RawSpan, of node: UInt32, child: UInt32, elder: UInt32
    ) -> UInt32 {
        precondition(edges.count < Int(EdgeTable.none) - 1)
        let index = edges.count
        edges.append(
            Edge(
                parent: node, child: child, start: UInt32(tokens.count),
                count: UInt32(token.range.count),
                elder: elder))
        tokens.append(span: topic.extracting(token.range))
        if 2 * edges.count > slots.count { grow() }
        place(index, hash: token.hash.mixed(with: UInt64(node)))
        return UInt32(index)
    }

    func token(of edge: Edge) -> Range<Int> { Int(edge.start)..<Int(edge.start + edge.count) }

    private mutating func place(_ index: Int, hash: UInt64) {
        let mask = slots.count - 1
        var place = Int(truncatingIfNeeded: hash) & mask
        while slots[place] != 0 { place = (place + 1) & mask }
        slots[place] = (hash & ~0xFFFF_FFFF) | UInt64(index + 1)
    }

    private mutating func grow() {
        slots = [UInt64](repeating: 0, count: slots.count * 2)
        // The last edge is placed by the caller.
        for (index, edge) in edges.enumerated().dropLast() {
            let range = token(of: edge)
            let token = TopicToken(of: tokens.span.bytes.extracting(range), at: 0)
            place(index, hash: token.hash.mixed(with: UInt64(edge.parent)))
        }
    }
}
