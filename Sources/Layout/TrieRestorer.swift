/// Rebuilds a trie from its rows, in whatever order the column family yields them.
package struct TrieRestorer: Sendable {
    private var trie: TopicTrie
    private var nodeOfState: [TrieState: UInt32] = [.prefix: 0, .special: 1]
    /// Streams that a topic's end leads to.
    private var ends: [StreamID] = []

    /// - Parameter format: by which the trie goes on learning. What is read may have either encoding of
    ///   atoms.
    package init(_ format: RowFormat = RowFormat()) { trie = TopicTrie(format) }

    /// - Throws: `.truncated` or `.unexpected` when the row is none that EMQX writes. Offsets are those
    ///   of the key or of the value, whichever is at fault.
    package mutating func add(key: RawSpan, value: RawSpan) throws(LayoutError) {
        var offset = 0
        try key.expectVersion(at: &offset)
        try key.expectTuple(of: 2, at: &offset)
        if key.isAtom("rlookup", at: offset) {
            try key.skipTerm(at: &offset)
            let stream = StreamID(rawValue: try key.readID(at: &offset))
            try key.expectEnd(at: offset)
            trie.levels[stream] = try value.readLevels()
        } else {
            try addEdge(key: key, value: value, at: &offset)
        }
    }

    /// - Throws: `.unknownStream` when the levels of a stream were not among the rows.
    package consuming func finish() throws(LayoutError) -> TopicTrie {
        for end in ends where trie.levels[end] == nil { throw .unknownStream(end) }
        return trie
    }

    private mutating func addEdge(key: RawSpan, value: RawSpan, at offset: inout Int)
        throws(LayoutError)
    {
        let parent = node(of: try key.readState(at: &offset))
        let label = try key.readLabel(at: &offset)
        try key.expectEnd(at: offset)
        var valueOffset = 0
        try value.expectVersion(at: &valueOffset)
        let id = try value.readID(at: &valueOffset)
        try value.expectEnd(at: valueOffset)
        switch label {
        case .end:
            let stream = StreamID(rawValue: id)
            trie.nodes[Int(parent)].stream = stream
            ends.append(stream)
        case .wildcard:
            trie.nodes[Int(parent)].wildcard = node(of: .node(id))
        case .token(let range):
            let child = node(of: .node(id))
            let name = key.extracting(range)
            trie.addEdge(TopicToken(of: name, at: 0), in: name, from: parent, to: child)
        }
    }

    private mutating func node(of state: TrieState) -> UInt32 {
        if let node = nodeOfState[state] { return node }
        let node = trie.addNode(state)
        nodeOfState[state] = node
        return node
    }
}

extension RawSpan {
    fileprivate func isAtom(_ name: StaticString, at offset: Int) -> Bool {
        var offset = offset
        guard let range = try? readAtom(at: &offset) else { return false }
        return equals(name, in: range)
    }

    fileprivate func readID(at offset: inout Int) throws(LayoutError) -> UInt64 {
        let start = offset
        let range = try readBinary(at: &offset)
        guard range.count == 8 else { throw .unexpected(offset: start, expected: .streamID) }
        return UInt64(
            bigEndian: unsafeLoadUnaligned(fromByteOffset: range.lowerBound, as: UInt64.self))
    }

    fileprivate func readState(at offset: inout Int) throws(LayoutError) -> TrieState {
        let start = offset
        guard offset < byteCount, let tag = TermTag(rawValue: byte(at: offset)), tag.isAtom else {
            return .node(try readID(at: &offset))
        }
        let name = try readAtom(at: &offset)
        if equals("prefix", in: name) { return .prefix }
        if equals("special", in: name) { return .special }
        throw .unexpected(offset: start, expected: .trieRow)
    }

    fileprivate func readLabel(at offset: inout Int) throws(LayoutError) -> TrieState.Label {
        let start = offset
        switch try readTag(at: &offset) {
        case .null: return .end
        case .smallAtom, .atom:
            offset = start
            let name = try readAtom(at: &offset)
            if name.isEmpty { return .token(name) }
            guard equals("+", in: name) else {
                throw .unexpected(offset: start, expected: .topicLevel)
            }
            return .wildcard
        default:
            offset = start
            let name = try readBinary(at: &offset)
            for place in name where byte(at: place) == UInt8(ascii: "/") {
                throw .unexpected(offset: place, expected: .topicLevel)
            }
            return .token(name)
        }
    }

    fileprivate func readLevels() throws(LayoutError) -> StreamLevels {
        var offset = 0
        try expectVersion(at: &offset)
        let count = try readList(at: &offset)
        guard count > 0 else { throw .unexpected(offset: 1, expected: .list) }
        var labels: [TrieState.Label] = []
        for _ in 0..<count {
            let start = offset
            let label = try readLabel(at: &offset)
            if case .end = label { throw .unexpected(offset: start, expected: .topicLevel) }
            labels.append(label)
        }
        try expectTail(at: &offset)
        try expectEnd(at: offset)
        return StreamLevels(labels, in: self)
    }
}
