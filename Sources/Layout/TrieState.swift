internal import Crypto

/// What EMQX calls a node of the trie: an atom for a root, else the hash of the edge that leads to it.
enum TrieState: Hashable, Sendable {
    /// The root of ordinary topics.
    case prefix
    /// The root of topics that begin with `$`.
    case special
    case node(UInt64)

    /// The label of an edge.
    enum Label {
        case token(Range<Int>)
        case wildcard
        case end
    }

    /// The state, or for the end of a topic the stream, that an edge leads to: the first eight bytes of
    /// SHA-256 over the improper list of state and label, so that every shard of every node agrees.
    func next(_ label: Label, in topic: RawSpan, _ atoms: AtomEncoding) -> UInt64 {
        var bytes: [UInt8] = [TermTag.version]
        bytes.append(list: 1)
        bytes.append(state: self, atoms)
        bytes.append(label: label, in: topic, atoms)
        return SHA256.hash(data: bytes).withUnsafeBytes {
            UInt64(bigEndian: $0.loadUnaligned(as: UInt64.self))
        }
    }
}

extension [UInt8] {
    mutating func append(state: TrieState, _ atoms: AtomEncoding) {
        switch state {
        case .prefix: append(atom: "prefix", as: atoms)
        case .special: append(atom: "special", as: atoms)
        case .node(let id): append(id: id)
        }
    }

    mutating func append(id: UInt64) {
        append(binary: 8)
        append(eight: id)
    }

    mutating func append(label: TrieState.Label, in topic: RawSpan, _ atoms: AtomEncoding) {
        switch label {
        case .wildcard: append(atom: "+", as: atoms)
        case .end: append(tag: .null)
        // EMQX writes an empty level as an empty atom.
        case .token(let range) where range.isEmpty: append(atom: "", as: atoms)
        case .token(let range): append(binary: topic.extracting(range))
        }
    }
}
