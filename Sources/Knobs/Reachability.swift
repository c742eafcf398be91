/// How far an operator of one version can turn one knob.
package enum Reachability: Hashable, Sendable {
    /// How much it takes to set something.
    package enum Tier: String, Codable, Comparable, Sendable {
        /// A key of the configuration file.
        case r0 = "R0"
        /// A command on the running node, lost at its restart.
        case r1 = "R1"
        /// The stored properties of the database: works, and nobody supports it.
        case r2 = "R2"
        /// Only a rebuilt broker.
        case r3 = "R3"

        package static func < (a: Tier, b: Tier) -> Bool { a.rawValue < b.rawValue }
    }

    case live(path: String, takesEffect: TakesEffect)
    /// The key is live, but read only while the database is created.
    case newDatabaseOnly(path: String)
    case notSettable(Tier, reason: String)

    package var tier: Tier {
        switch self {
        case .live, .newDatabaseOnly: .r0
        case .notSettable(let tier, _): tier
        }
    }
}

extension Dialect {
    package func reach(of knob: Knob) -> Reachability {
        guard let key = key(knob.articlePath), key.verdict == .live else {
            let reason = verdict(of: knob.articlePath)?.reason ?? "\(title) has no key for it"
            if case .database = knob.reach, storesDatabaseOptions {
                return .notSettable(
                    .r2,
                    reason: reason
                        + "; only editing the options stored with the database reaches it, "
                        + "which is not supported")
            }
            return .notSettable(.r3, reason: reason)
        }
        if let meaning = key.anotherMeaning { return .notSettable(.r3, reason: meaning) }
        guard key.takesEffect != .newDatabaseOnly else { return .newDatabaseOnly(path: key.path) }
        return .live(path: key.path, takesEffect: key.takesEffect)
    }

    /// The knobs that a configuration file of this version turns.
    ///
    /// - Parameter newDatabase: the file is for a node whose database does not exist yet.
    package func settableKnobs(newDatabase: Bool = false) -> [Knob] {
        Knob.catalogue.filter {
            switch reach(of: $0) {
            case .live: true
            case .newDatabaseOnly: newDatabase
            case .notSettable: false
            }
        }
    }
}
