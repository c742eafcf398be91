import Layout

/// A trie with the scratch buffers that its caller keeps.
struct TrieHarness {
    var trie: TopicTrie
    var key = TopicKey()
    var learned = RowBuffer()

    init(_ trie: TopicTrie = TopicTrie()) { self.trie = trie }

    @discardableResult
    mutating func find(_ topic: String) -> Place {
        let bytes = Array(topic.utf8)
        trie.find(bytes.span.bytes, into: &key, learning: &learned)
        return Place(
            stream: key.stream,
            varying: key.varying.map { String(decoding: bytes[$0], as: UTF8.self) })
    }

    /// Where a topic belongs, in words.
    struct Place: Equatable {
        var stream: StreamID
        var varying: [String]
    }

    var rows: [(key: [UInt8], value: [UInt8])] {
        learned.rows.map { (Array(learned.bytes[$0.key]), Array(learned.bytes[$0.value])) }
    }

    var learnedBytes: Int { learned.rows.reduce(0) { $0 + $1.key.count + $1.value.count } }

    /// `nil` when the varying part does not fit.
    func topic(of place: Place) -> String? {
        var bytes: [UInt8] = []
        let varying = Array(place.varying.joined(separator: "/").utf8)
        do {
            try trie.appendTopic(of: place.stream, varying: varying.span.bytes, to: &bytes)
        } catch { return nil }
        return String(decoding: bytes, as: UTF8.self)
    }
}
