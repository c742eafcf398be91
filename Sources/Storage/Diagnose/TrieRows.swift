internal import Layout

/// The rows of one generation's trie column family: counted, and made readable.
///
/// Kept whole while a shard is looked at: they are what the broker itself holds in memory.
struct TrieRows {
    private(set) var rows: [(key: [UInt8], value: [UInt8])] = []
    private(set) var bytes = 0
    /// How atoms are written in the keys of streams, each way once, in the order seen; both when the broker
    /// got another Erlang in between.
    private(set) var atoms: [AtomEncoding] = []
    /// What the topics of each stream look like, varying levels as "+".
    private(set) var patterns: [StreamID: String] = [:]

    mutating func add(
        key: UnsafeRawBufferPointer, value: UnsafeRawBufferPointer
    ) throws(LayoutError) {
        rows.append((Array(key), Array(value)))
        bytes += key.count + value.count
        guard case .tuple(let pair) = try Term(decoding: key.bytes), pair.count == 2 else {
            throw .unexpected(offset: 0, expected: .trieRow)
        }
        guard pair[0] == .atom("rlookup"), let stream = pair[1].identifier else { return }
        // Behind the version byte, the tag of the pair and its arity: the tag of the atom.
        let encoding: AtomEncoding = key[3] == Self.oldAtomTag ? .otp25 : .otp26
        if !atoms.contains(encoding) { atoms.append(encoding) }
        guard case .list(let levels) = try Term(decoding: value.bytes) else {
            throw .unexpected(offset: 0, expected: .list)
        }
        patterns[stream] = levels.map(\.level).joined(separator: "/")
    }

    /// ATOM_EXT of Erlang's external term format; since OTP 26 atoms are SMALL_ATOM_UTF8_EXT, 119.
    private static let oldAtomTag: UInt8 = 100

    /// What the trie's rows say of how it goes on learning, beside what the data's rows say.
    private var format: RowFormat { RowFormat(atoms: atoms.first ?? .otp26) }

    /// - Throws: when they are not what EMQX writes.
    func trie() throws(LayoutError) -> TopicTrie { try trie(of: rows) }

    private func trie(
        of rows: [(key: [UInt8], value: [UInt8])]
    ) throws(LayoutError) -> TopicTrie {
        var restorer = TrieRestorer(format)
        for row in rows { try restorer.add(key: row.key.span.bytes, value: row.value.span.bytes) }
        return try restorer.finish()
    }

    /// What the next generation begins with: every path that has a varying level, and the levels of its
    /// streams (emqx_ds_lts:trie_copy_learned_paths/2; reference 3.5).
    func inherited() throws(LayoutError) -> (trie: TopicTrie, rows: Int, bytes: Int) {
        var edges: [Term: [(label: Term, to: Term, row: Int)]] = [:]
        var kept: [Bool] = Array(repeating: false, count: rows.count)
        for (place, row) in rows.enumerated() {
            guard case .tuple(let pair) = try Term(decoding: row.key.span.bytes), pair.count == 2
            else { continue }
            if pair[0] == .atom("rlookup") {
                let levels = try Term(decoding: row.value.span.bytes)
                if case .list(let list) = levels { kept[place] = list.contains(.atom("+")) }
            } else {
                edges[pair[0], default: []].append(
                    (pair[1], try Term(decoding: row.value.span.bytes), place))
            }
        }
        for root in [Term.atom("prefix"), .atom("special")] {
            _ = Self.keep(below: root, varied: false, depth: 0, edges, &kept)
        }
        let list = rows.indices.filter { kept[$0] }.map { rows[$0] }
        return (
            try trie(of: list), list.count,
            list.reduce(0) { $0 + $1.key.count + $1.value.count }
        )
    }

    /// EMQX's `max_topic_levels` cannot be set beyond 65,535, its default is 128; deeper than this nothing is
    /// followed.
    private static let depthLimit = 1_000

    /// - Returns: whether a path that goes on from here is kept.
    private static func keep(
        below state: Term, varied: Bool, depth: Int,
        _ edges: [Term: [(label: Term, to: Term, row: Int)]], _ kept: inout [Bool]
    ) -> Bool {
        guard depth < depthLimit else { return false }
        var any = false
        for edge in edges[state] ?? [] {
            let isKept =
                edge.label == .list([])
                ? varied
                : keep(
                    below: edge.to, varied: varied || edge.label == .atom("+"), depth: depth + 1,
                    edges, &kept)
            if isKept { kept[edge.row] = true }
            any = any || isKept
        }
        return any
    }
}

extension Term {
    fileprivate var identifier: StreamID? {
        guard case .binary(let bytes) = self, bytes.count == 8 else { return nil }
        return StreamID(rawValue: bytes.reduce(0) { $0 << 8 | UInt64($1) })
    }

    /// A level of a topic: EMQX writes "" and "+" as atoms.
    fileprivate var level: String {
        switch self {
        case .binary(let bytes): String(decoding: bytes, as: UTF8.self)
        case .atom(let name): name
        default: "?"
        }
    }
}
