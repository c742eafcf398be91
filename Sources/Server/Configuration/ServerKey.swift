internal import HOCON
internal import Knobs

/// One key that a configuration of this broker may have, and what it does. Keys that turn a knob of the storage are
/// not here: the catalogue of knobs has them.
struct ServerKey: Sendable {
    enum Effect: Sendable {
        case sets(@Sendable (inout ConfigurationDraft, KeyReading) throws(HOCONError) -> Void)
        /// EMQX knows it, and here it does nothing: why. The values are those that ask for nothing.
        case idle(String, harmless: [HOCONValue])
    }

    /// Dotted; a part `*` stands for any one name, and `**` at the end for anything below.
    let path: String
    let effect: Effect
    private let parts: [Substring]

    init(_ path: String, _ effect: Effect) {
        self.path = path
        self.effect = effect
        parts = path.split(separator: ".")
    }

    /// Every key but those of knobs. A new one is an entry in the list of its block.
    static let catalogue: [ServerKey] =
        nodeKeys + sessionKeys + mqttKeys + retainerKeys + storageKeys
        + listenerKeys + accessKeys

    /// Whether this is the key at `names`.
    func stands(at names: [String]) -> Bool {
        if parts.last == "**" {
            return names.count >= parts.count && common(with: names) == parts.count - 1
        }
        return names.count == parts.count && common(with: names) == parts.count
    }

    /// Whether this key is below `names`, which is a block then.
    func stands(below names: [String]) -> Bool {
        names.count < parts.count && common(with: names) == names.count
    }

    /// How many of the first names may stand where this key's parts do.
    func common(with names: [String]) -> Int {
        zip(parts, names).prefix { $0 == $1 || $0 == "*" }.count
    }

    /// The key's name behind `depth` parts.
    func name(behind depth: Int) -> String? { depth < parts.count ? String(parts[depth]) : nil }
}

/// Short ways to say what a key sets.
extension ServerKey {
    typealias Draft = ConfigurationDraft

    static func key(
        _ path: String,
        _ set: @escaping @Sendable (inout Draft, KeyReading) throws(HOCONError) -> Void
    ) -> ServerKey { ServerKey(path, .sets(set)) }

    static func count(
        _ path: String, _ range: ClosedRange<Int64>,
        _ set: @escaping @Sendable (inout Draft, Int) -> Void
    ) -> ServerKey {
        key(path) { (draft, value) throws(HOCONError) in
            set(&draft, Int(try value.integer(in: range)))
        }
    }

    static func flag(
        _ path: String, _ set: @escaping @Sendable (inout Draft, Bool) -> Void
    ) -> ServerKey {
        key(path) { (draft, value) throws(HOCONError) in set(&draft, try value.bool()) }
    }

    static func bytes(
        _ path: String, _ range: ClosedRange<Int64>,
        _ set: @escaping @Sendable (inout Draft, Int) -> Void
    ) -> ServerKey {
        key(path) { (draft, value) throws(HOCONError) in
            set(&draft, Int(try value.bytes(in: range)))
        }
    }

    /// Milliseconds; nil is `infinity`.
    static func duration(
        _ path: String, mayBeInfinite: Bool = false,
        _ set: @escaping @Sendable (inout Draft, Int64?) -> Void
    ) -> ServerKey {
        key(path) { (draft, value) throws(HOCONError) in
            set(&draft, try value.duration(mayBeInfinite: mayBeInfinite))
        }
    }

    static func idle(_ path: String, _ reason: String, harmless: HOCONValue...) -> ServerKey {
        ServerKey(path, .idle(reason, harmless: harmless))
    }
}
