internal import Layout

/// What the model writes for the messages that were found, in their order, beside what was found.
package struct ModelComparison: Encodable, Equatable, Sendable {
    package private(set) var found: RowCounts
    package private(set) var predicted: RowCounts
    /// Values that the model writes byte for byte; as long, in another order of a map's keys; otherwise.
    package private(set) var identical: Int
    package private(set) var sameSize: Int
    package private(set) var otherSize: Int

    package init(
        found: RowCounts, predicted: RowCounts, identical: Int, sameSize: Int, otherSize: Int
    ) {
        self.found = found
        self.predicted = predicted
        self.identical = identical
        self.sameSize = sameSize
        self.otherSize = otherSize
    }

    package struct Difference: Encodable, Equatable, Sendable {
        package let what: String
        package let found: Int
        package let predicted: Int
    }

    package var differences: [Difference] {
        let predicted = Dictionary(
            uniqueKeysWithValues: predicted.named.map { ($0.name, $0.count) })
        let found = Dictionary(uniqueKeysWithValues: found.named.map { ($0.name, $0.count) })
        return Set(predicted.keys).union(found.keys).sorted().compactMap { name in
            let (here, there) = (found[name] ?? 0, predicted[name] ?? 0)
            return here == there ? nil : Difference(what: name, found: here, predicted: there)
        }
    }

    static func + (a: ModelComparison, b: ModelComparison) -> ModelComparison {
        ModelComparison(
            found: a.found + b.found, predicted: a.predicted + b.predicted,
            identical: a.identical + b.identical, sameSize: a.sameSize + b.sameSize,
            otherSize: a.otherSize + b.otherSize)
    }

    enum CodingKeys: String, CodingKey {
        case predicted, identical = "values_identical", sameSize = "values_same_size",
            otherSize = "values_other_size", differs, differences
    }

    package func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(predicted, forKey: .predicted)
        try container.encode(identical, forKey: .identical)
        try container.encode(sameSize, forKey: .sameSize)
        try container.encode(otherSize, forKey: .otherSize)
        try container.encode(!differences.isEmpty, forKey: .differs)
        try container.encode(differences, forKey: .differences)
    }
}

extension ModelComparison {
    /// Stores again what a scan of a generation has found.
    /// - Parameter earlier: the generation that was scanned before it.
    /// - Returns: or else why nothing can be compared.
    static func compare(
        _ scan: GenerationScan, _ place: GenerationPlace,
        after earlier: (place: GenerationPlace, trie: TrieRows)?
    ) -> (model: ModelComparison?, reason: String?) {
        guard place.keys != nil else {
            return (nil, "its layout (\(place.layout)) is not known, its rows are only counted")
        }
        guard let values = scan.values, let format = scan.format else {
            return (nil, "it holds no messages")
        }
        guard !scan.isPartial else { return (nil, "only a sample of its rows was read") }
        guard !scan.ledger.overflowed else {
            return (nil, "it has more than \(TopicLedger.limit) topics")
        }
        if values.tally.unreadable > 0 {
            let why = values.firstFailure.map { " (\($0))" } ?? ""
            return (
                nil,
                "\(values.tally.unreadable) values are not of serialization schema "
                    + "\(format.values.rawValue)\(why)"
            )
        }
        if let failure = scan.keyFailure { return (nil, "its keys cannot be read: \(failure)") }
        if let failure = scan.trieFailure { return (nil, "its trie cannot be read: \(failure)") }
        guard scan.trie.atoms.count < 2 else {
            return (nil, "its trie has atoms of Erlang before OTP 26 and of a later one")
        }
        do throws(LayoutError) {
            // The first generation is 1, and begins with nothing.
            var inherited: (trie: TopicTrie, rows: Int, bytes: Int)?
            if place.generation > 1 {
                guard let earlier, earlier.place.generation == place.generation - 1 else {
                    return (nil, "the generation it learned from has been dropped")
                }
                guard earlier.place.layout == place.layout else {
                    return (nil, "the generation before it has another layout")
                }
                guard earlier.trie.atoms == scan.trie.atoms || earlier.trie.atoms.isEmpty else {
                    return (nil, "the generation before it has atoms of another Erlang")
                }
                inherited = try earlier.trie.inherited()
            }
            let predicted = try scan.ledger.predict(
                format, from: try scan.trie.trie(), inheriting: inherited)
            return (
                ModelComparison(
                    found: scan.counts, predicted: predicted, identical: values.tally.identical,
                    sameSize: values.tally.sameSize, otherSize: values.tally.otherSize), nil
            )
        } catch { return (nil, "its topics cannot be told: \(error)") }
    }
}
