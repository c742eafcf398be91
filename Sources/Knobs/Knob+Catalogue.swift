extension Knob {
    /// Everything this tool can turn. The order is the order of the report. One group is one file in
    /// `Catalogue/`; a new knob is an entry there.
    ///
    /// Left out: `manual_wal_flush`, which keeps acknowledged messages in a buffer of the process,
    /// so that a kill loses them, and no setting may do that.
    package static let catalogue: [Knob] =
        memtables + background + levels + compressions + files + log + tables + broker

    /// What a study searches when no knobs are named.
    package static let searched: [Knob] = catalogue.filter(\.isSearched)

    /// An option of RocksDB of this name.
    ///
    /// - Parameters:
    ///   - name: in the article's `rocksdb` block, if it is another.
    ///   - range: what a study tries; `flag` and `choice` have theirs.
    static func rocksdb(
        _ id: String, _ title: String, _ unit: Unit, standard: Int64, range: KnobRange? = nil,
        domain: ClosedRange<Int64>? = nil, _ reach: (String) -> Reach, named name: String? = nil,
        shrinks: Bool = false, isSearched: Bool = false, words: [Int64: String] = [:],
        infinity: Int64? = nil, switchedOn: Int64? = nil, effect: String
    ) -> Knob {
        let range = range ?? unit.range
        return Knob(
            id: id, title: title, unit: unit, standard: standard, range: range,
            domain: domain ?? range.values[0]...range.values[range.values.count - 1],
            reach: reach(id), shrinks: shrinks, isSearched: isSearched,
            articlePath: "durable_storage.messages.rocksdb.\(name ?? id)", words: words,
            infinity: infinity, switchedOn: switchedOn, effect: effect)
    }
}

extension Knob.Unit {
    /// All there is to try of a unit that has few values.
    fileprivate var range: KnobRange {
        switch self {
        case .choice(let names): .choices(names.map(\.value).sorted())
        case .flag, .bytes, .bytesPerSecond, .count, .milliseconds, .bitsPerKey: .choices([0, 1])
        }
    }
}
