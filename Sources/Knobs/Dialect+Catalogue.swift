extension Dialect {
    /// Every dialect, oldest first. A new one is a file in `Dialects/` and its name here.
    package static let catalogue: [Dialect] = [
        v5_8CE, v5_8EE, v5_9, v5_10, v6_0_0, v6_0_2, v6_1_0, v6_1_1,
    ]

    /// The dialect of a version as people write it.
    ///
    /// - Parameters:
    ///   - version: `5.8`, `5.8.9`, `v5.8`; a patch is needed only where the keys changed inside
    ///     a release line.
    ///   - edition: `ce` or `ee`; `nil` will do where there is one edition.
    package static func find(
        version text: String, edition: String? = nil
    ) throws(KnobError) -> Dialect {
        let known = catalogue.flatMap { $0.releases.map(\.name) }.uniqued
        guard let version = EMQXVersion(text) else {
            throw .unknownVersion(text, nearest: nearest(to: text, among: known), known: known)
        }
        let speaking = catalogue.filter { $0.releases.contains { $0.contains(version) } }
        guard let first = speaking.first else {
            let releases = catalogue.flatMap(\.releases)
            let close = releases.min {
                $0.first.distance(to: version) < $1.first.distance(to: version)
            }
            throw .unknownVersion(text, nearest: close?.name, known: known)
        }
        guard speaking.allSatisfy({ $0.releases == first.releases }) else {
            let names = speaking.flatMap(\.releases).filter { $0.contains(version) }.map(\.name)
            throw .inexactVersion(text, meaning: names.uniqued)
        }
        // One edition from 5.9 on, and it is what `ee` was.
        let editions = speaking.compactMap(\.edition)
        let choices = editions.isEmpty ? ["ee"] : editions
        guard let edition = edition.map({ $0.trimmingSpaces.lowercased() }) else {
            guard speaking.count == 1 else {
                throw .unknownEdition(nil, version: text, known: choices)
            }
            return first
        }
        guard choices.contains(edition) else {
            throw .unknownEdition(edition, version: text, known: choices)
        }
        return speaking.first { $0.edition == edition } ?? first
    }
}

extension [String] {
    fileprivate var uniqued: [String] {
        var seen: Set<String> = []
        return filter { seen.insert($0).inserted }
    }
}
