package import HOCON

/// What a person asked for and cannot have, in one sentence that says what to do instead.
package enum KnobError: Error, Hashable, Sendable {
    case unknownKnob(String, nearest: String?, known: [String])
    case unknownVersion(String, nearest: String?, known: [String])
    /// The keys changed within this release line, so its name alone says too little.
    case inexactVersion(String, meaning: [String])
    /// The version comes in editions that differ; `nil` if none was named.
    case unknownEdition(String?, version: String, known: [String])
    /// A key that no EMQX version and not this tool knows, where only known keys make sense.
    case unknownKey(String, HOCONPosition?, nearest: String?)
    /// A value that cannot be: wrong unit, not a number, out of bounds.
    case badValue(HOCONError)
}

extension KnobError: CustomStringConvertible {
    package var description: String {
        switch self {
        case .unknownKnob(let id, let nearest, let known):
            return "there is no knob `\(id)`\(Self.hint(nearest)); the knobs are "
                + known.joined(separator: ", ")
        case .unknownVersion(let version, let nearest, let known):
            let hint = nearest.map { ", the nearest that is known is \($0)" } ?? ""
            return "EMQX version `\(version)` is not known here\(hint); known are "
                + known.joined(separator: ", ")
        case .inexactVersion(let version, let meaning):
            return "EMQX \(version) changed its keys from one patch to the next: say "
                + meaning.joined(separator: " or ")
        case .unknownEdition(nil, let version, let known):
            return
                "EMQX \(version) comes in editions that accept different keys: name the edition, "
                + known.joined(separator: " or ")
        case .unknownEdition(let edition?, let version, let known):
            return "EMQX \(version) has no edition `\(edition)`; say "
                + known.joined(separator: " or ")
        case .unknownKey(let key, let position, let nearest):
            return (position.map { "\($0): " } ?? "")
                + "`\(key)` is not a key of EMQX or of this tool\(Self.hint(nearest)); "
                + "correct or remove it"
        case .badValue(let error): return error.description
        }
    }

    private static func hint(_ nearest: String?) -> String {
        nearest.map { ", did you mean `\($0)`?" } ?? ""
    }
}
