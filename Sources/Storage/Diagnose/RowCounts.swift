/// Rows of messages by kind, as they lie in the column families or as the model predicts them. JSON keys are
/// those of a footprint; an index level without rows has none.
package struct RowCounts: Equatable, Sendable {
    /// Messages.
    package var data = 0
    /// Keys of messages and index rows.
    package var keyBytes = 0
    package var valueBytes = 0
    /// Index rows by varying level, from 1.
    package var index: [Int: Int] = [:]
    package var streams = 0
    package var trie = 0
    /// Keys and values of the trie's rows.
    package var trieBytes = 0
    /// Rows whose keys are not of the layout that their column family's name tells, and all rows of a layout
    /// that is not known.
    package var other = 0

    package var indexRows: Int { index.values.reduce(0, +) }

    static func + (a: RowCounts, b: RowCounts) -> RowCounts {
        RowCounts(
            data: a.data + b.data, keyBytes: a.keyBytes + b.keyBytes,
            valueBytes: a.valueBytes + b.valueBytes,
            index: a.index.merging(b.index, uniquingKeysWith: +), streams: a.streams + b.streams,
            trie: a.trie + b.trie, trieBytes: a.trieBytes + b.trieBytes, other: a.other + b.other)
    }

    /// Name and number of each kind, in the order they are shown.
    package var named: [(name: String, count: Int)] {
        [
            ("data_puts", data), ("key_bytes", keyBytes), ("value_bytes", valueBytes),
            ("index_puts", indexRows),
        ]
            + index.sorted { $0.key < $1.key }.map { ("index_level_\($0.key)", $0.value) }
            + [
                ("streams", streams), ("trie_puts", trie), ("trie_bytes", trieBytes),
                ("other_rows", other),
            ]
    }
}

extension RowCounts: Encodable {
    private struct Name: CodingKey {
        let stringValue: String
        var intValue: Int? { nil }
        init(stringValue: String) { self.stringValue = stringValue }
        init?(intValue: Int) { nil }
    }

    package func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: Name.self)
        for (name, count) in named {
            try container.encode(count, forKey: Name(stringValue: name))
        }
    }
}
