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
    /// Dotted; a part `*` stands for any one name.
    package let path: String
    package let verdict: Verdict
    package let takesEffect: TakesEffect
    /// The only values accepted, `nil` if the key does not choose among names.
    package let values: [String]?
    /// Set if the key keeps a name whose meaning changed: then it is not the knob of that name.
    package let anotherMeaning: String?
    let parts: [Substring]

    package init(
        _ path: String, _ takesEffect: TakesEffect = .restart, _ verdict: Verdict = .live,
        values: [String]? = nil, anotherMeaning: String? = nil
    ) {
        self.path = path
        self.parts = path.split(separator: ".")
        self.verdict = verdict
        self.takesEffect = takesEffect
        self.values = values
        self.anotherMeaning = anotherMeaning
    }

    /// The same keys inside a block.
    package static func block(_ path: String, _ keys: [ConfigKey]) -> [ConfigKey] {
        keys.map {
            ConfigKey(
                "\(path).\($0.path)", $0.takesEffect, $0.verdict, values: $0.values,
                anotherMeaning: $0.anotherMeaning)
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
