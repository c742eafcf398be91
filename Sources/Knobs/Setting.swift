/// A value for every knob. What is not named has its standard value, so an empty setting is EMQX
/// 5.8.9 as it comes, and naming a standard value changes nothing.
package struct Setting: Hashable, Sendable {
    // Only what differs from the standard, so that equal settings are equal values.
    private var changed: [String: Int64] = [:]

    package init() {}

    /// - Precondition: every id is in the catalogue; names that people typed are checked before.
    package init(_ values: [String: Int64]) {
        for (id, value) in values { self[id] = value }
    }

    package subscript(id: String) -> Int64 {
        get {
            guard let knob = Knob.find(id) else { preconditionFailure("no knob \(id)") }
            return changed[id] ?? knob.standard
        }
        set {
            guard let knob = Knob.find(id) else { preconditionFailure("no knob \(id)") }
            changed[id] = newValue == knob.standard ? nil : newValue
        }
    }

    package subscript(knob: Knob) -> Int64 {
        get { self[knob.id] }
        set { self[knob.id] = newValue }
    }

    /// All knobs, standard values included.
    package var complete: [String: Int64] {
        Dictionary(uniqueKeysWithValues: Knob.catalogue.map { ($0.id, self[$0]) })
    }

    /// The knobs whose values differ, in the order of the catalogue.
    package func differences(from other: Setting) -> [Knob] {
        Knob.catalogue.filter { self[$0] != other[$0] }
    }

    /// Whether none of these knobs differs from its standard.
    func isStandard(_ ids: [String]) -> Bool { !ids.contains { changed[$0] != nil } }

    /// `control`, with this setting's values for `knobs` only.
    package func restricted(to knobs: [Knob], over control: Setting) -> Setting {
        var setting = control
        for knob in knobs { setting[knob] = self[knob] }
        return setting
    }

    /// The same text for the same setting, also after a knob was added to the catalogue: what
    /// differs from the standard, by id. Names a configuration in the study store.
    package var fingerprint: String {
        guard !changed.isEmpty else { return "standard" }
        return changed.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" }
            .joined(separator: ";")
    }
}

extension Setting: CustomStringConvertible {
    /// For people: `write_buffer_size 128 MiB, n_shards 8`, in the order of the catalogue.
    package var description: String {
        let parts = differences(from: Setting()).map { "\($0.id) \($0.text(self[$0]))" }
        return parts.isEmpty ? "standard" : parts.joined(separator: ", ")
    }
}

extension Setting: Codable {
    /// One object from knob id to value. All knobs are written, so that what was measured is still
    /// known when a standard value changes. What is missing has its standard value.
    ///
    /// - Throws: `DecodingError` for a knob that is not in the catalogue, or a value it cannot have.
    package init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        for (id, value) in try container.decode([String: Int64].self) {
            guard let knob = Knob.find(id), knob.domain.contains(value) else {
                throw DecodingError.dataCorruptedError(
                    in: container, debugDescription: "no knob `\(id)` that can be \(value)")
            }
            self[id] = value
        }
    }

    package func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(complete)
    }
}
