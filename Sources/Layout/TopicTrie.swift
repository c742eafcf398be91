/// What one shard has learned about its topics: which levels name things and which enumerate them.
///
/// EMQX 5.8.9's "learned topic structure" of the layout wildcard_optimized_v2. Each topic belongs to a
/// stream; a level that had too many different tokens varies inside its stream instead of making new ones.
/// What has been learned stays: a token that got an edge of its own before its level began to vary keeps it.
///
/// A value with one owner, the thread that writes the shard. A lookup of a known topic allocates nothing.
package struct TopicTrie: Sendable {
    /// How many different tokens a level may have before new ones share a stream.
    package struct Thresholds: Equatable, Sendable {
        /// Of the first level.
        package var root: Int
        /// Of every other level.
        package var deeper: Int

        package init(root: Int, deeper: Int) {
            self.root = root
            self.deeper = deeper
        }

        /// EMQX 5.8 to 5.10, where no setting reaches them.
        package static let emqx = Thresholds(root: 100, deeper: 10)

        func limit(atDepth depth: Int) -> Int { depth == 0 ? root : deeper }
    }

    struct Node {
        let state: TrieState
        /// Without the '+' edge and without the end of a topic.
        var children = 0
        /// Its latest literal edge; the others follow by `elder`.
        var edge = EdgeTable.none
        /// Where the '+' edge leads.
        var wildcard = EdgeTable.none
        /// The stream of the topic that ends here.
        var stream: StreamID?
    }

    let thresholds: Thresholds
    let atoms: AtomEncoding
    var nodes = [Node(state: .prefix), Node(state: .special)]
    var edges = EdgeTable()
    var levels: [StreamID: StreamLevels] = [:]

    package init(thresholds: Thresholds = .emqx, atoms: AtomEncoding = .otp26) {
        self.thresholds = thresholds
        self.atoms = atoms
    }

    package init(_ format: RowFormat) {
        self.init(thresholds: format.thresholds, atoms: format.atoms)
    }

    package var streamCount: Int { levels.count }

    /// Finds the stream of `topic`, a valid topic name, and learns it if it is new.
    ///
    /// - Parameter rows: gets the new rows of the trie column family. They belong into the batch that stores
    ///   the message: the message cannot be found without them.
    package mutating func find(
        _ topic: RawSpan, into key: inout TopicKey, learning rows: inout RowBuffer
    ) {
        key.varying.removeAll(keepingCapacity: true)
        var node = TopicTrie.root(of: topic)
        var depth = 0
        var start = 0
        while true {
            let token = TopicToken(of: topic, at: start)
            if let child = edges.child(of: node, token, in: topic) {
                node = child
            } else if nodes[Int(node)].wildcard != EdgeTable.none {
                key.varying.append(token.range)
                node = nodes[Int(node)].wildcard
            } else {
                node = learn(token, of: topic, at: node, depth: depth, rows: &rows)
            }
            guard token.range.upperBound < topic.byteCount else { break }
            start = token.range.upperBound + 1
            depth += 1
        }
        key.stream =
            nodes[Int(node)].stream
            ?? learnEnd(of: topic, varying: key.varying, at: node, rows: &rows)
    }

    /// Topics that begin with `$` are apart, so that a filter that begins with a wildcard does not meet them.
    static func root(of topic: RawSpan) -> UInt32 {
        topic.byteCount > 0 && topic.byte(at: 0) == UInt8(ascii: "$") ? 1 : 0
    }
}

/// Where a message belongs. Reused from message to message.
package struct TopicKey: Sendable {
    package internal(set) var stream = StreamID(rawValue: 0)
    /// The tokens of the varying levels, in order: ranges in the topic.
    package internal(set) var varying: [Range<Int>] = []

    package init() {}
}
