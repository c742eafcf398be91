package import HOCON

/// What a configuration key does in one EMQX version.
package enum Verdict: Hashable, Sendable {
    /// Accepted, and something reads it.
    case live
    /// Accepted and kept, but nothing reads it.
    case ignored(reason: String)
    /// Accepted by the parser and removed before anything could read it.
    case dropped(reason: String)
    /// Not accepted: the node does not boot.
    case rejected(reason: String)

    package var reason: String? {
        switch self {
        case .live: nil
        case .ignored(let reason), .dropped(let reason), .rejected(let reason): reason
        }
    }

    package var isRejected: Bool { if case .rejected = self { true } else { false } }
}

/// When a changed key starts to count.
package enum TakesEffect: String, Hashable, Sendable {
    case hot
    case restart
    /// Read once, when the database is created; later changes are silently ignored.
    case newDatabaseOnly
}

/// One key that a version's schema has. A key that is in no list is rejected.
package struct ConfigKey: Hashable, Sendable {
    /// How the schema reads a size.
    package enum SizeSyntax: Hashable, Sendable {
        /// `"64MB"` in steps of 1024, as everywhere in EMQX.
        case bytesize
        /// `"64 MiB"`: here `MB` would count in steps of 1000.
        case binaryUnits
    }

    /// Dotted; a part `*` stands for any one name.
    package private(set) var path: String
    package let verdict: Verdict
    package let takesEffect: TakesEffect
    /// The only values accepted, `nil` if the key does not choose among names.
    package let values: [String]?
    /// Set if the key keeps a name whose meaning changed: then it is not the knob of that name.
    package let anotherMeaning: String?
    /// The id of the knob that this key turns, if the knob has another name in the article.
    package let turns: String?
    /// The numbers that the key takes and acts on, `nil` if all of the knob's.
    package let accepts: ClosedRange<Int64>?
    package let syntax: SizeSyntax
    /// Set if some patches of this dialect's releases reject the key: why it is not written for all.
    package let missingIn: String?
    private(set) var parts: [Substring]

    package init(
        _ path: String, _ takesEffect: TakesEffect = .restart, _ verdict: Verdict = .live,
        values: [String]? = nil, anotherMeaning: String? = nil, turns: String? = nil,
        accepts: ClosedRange<Int64>? = nil, syntax: SizeSyntax = .bytesize, missingIn: String? = nil
    ) {
        self.path = path
        self.parts = path.split(separator: ".")
        self.verdict = verdict
        self.takesEffect = takesEffect
        self.values = values
        self.anotherMeaning = anotherMeaning
        self.turns = turns
        self.accepts = accepts
        self.syntax = syntax
        self.missingIn = missingIn
    }

    /// The same keys inside a block.
    package static func block(_ path: String, _ keys: [ConfigKey]) -> [ConfigKey] {
        keys.map { key in
            var key = key
            key.path = "\(path).\(key.path)"
            key.parts = key.path.split(separator: ".")
            return key
        }
    }

    /// How this key spells a knob's value; nil if it cannot take it.
    package func spelled(_ value: Int64, of knob: Knob) -> HOCONValue? {
        guard accepts?.contains(value) ?? true || value == knob.infinity else { return nil }
        switch syntax {
        case .bytesize: return knob.spelled(value)
        case .binaryUnits:
            guard value % (1 << 20) == 0 else { return nil }
            return .string("\(value >> 20) MiB")
        }
    }

    /// How many parts this key's path and another have in common from the left.
    func common(with others: [Substring]) -> Int {
        zip(parts, others).prefix { $0 == $1 || $0 == "*" }.count
    }
}

extension [ConfigKey] {
    /// This list with `changes` over it: a path that is there is replaced, a new one is added.
    func changing(_ changes: [ConfigKey]) -> [ConfigKey] {
        let paths = Set(changes.map(\.path))
        return filter { !paths.contains($0.path) } + changes
    }

    func removing(_ prefixes: [String]) -> [ConfigKey] {
        filter { key in
            !prefixes.contains { key.path == $0 || key.path.hasPrefix("\($0).") }
        }
    }
}
