internal import Broker
package import HOCON
internal import Knobs
internal import Storage

/// Something that the operator should know about the configuration and that does not stop the broker.
package struct ConfigurationNote: Sendable, CustomStringConvertible {
    package let position: HOCONPosition?
    package let sentence: String

    package var description: String { (position.map { "\($0): " } ?? "") + sentence }
}

/// A configuration, read, with what is to be said about it.
package struct LoadedConfiguration: Sendable {
    package var configuration: ServerConfiguration
    package var notes: [ConfigurationNote]
}

extension ServerConfiguration {
    /// Reads keys in EMQX's vocabulary and the article's. What no key sets is EMQX 5.8's default, but for what keeps
    /// strangers out: without a word nothing listens beyond loopback and nobody anonymous gets in.
    ///
    /// - Parameters:
    ///   - config: of the file; nil if there is none.
    ///   - overrides: laid over it, later ones over earlier ones.
    /// - Throws: for the first key that is unknown or cannot have its value, with its place and what to do.
    package static func read(
        _ config: HOCONValue?, overrides: [ConfigurationOverride] = []
    ) throws(HOCONError) -> LoadedConfiguration {
        var reader = ConfigurationReader()
        return try reader.read(config, overrides)
    }
}

private struct ConfigurationReader {
    private let known = KnownKeys()
    private var notes: [ConfigurationNote] = []
    private var draft = ConfigurationDraft()
    private var knobs: [(knob: Knob, value: KeyReading)] = []

    mutating func read(
        _ config: HOCONValue?, _ overrides: [ConfigurationOverride]
    ) throws(HOCONError) -> LoadedConfiguration {
        var document = HOCONObject()
        if let config {
            guard case .object(let object) = config else {
                throw HOCONError(
                    HOCONPosition(file: "configuration", line: 1, column: 1),
                    "a configuration consists of keys, not of a list")
            }
            document = object
        }
        for override in overrides where !isStray(override) { document.merge(override.document) }
        try read(document, below: [])
        let setting = try setting()
        statements(setting)
        return LoadedConfiguration(configuration: try draft.finished(setting), notes: notes)
    }

    /// Whether a variable of the environment is nothing that this broker has.
    private mutating func isStray(_ override: ConfigurationOverride) -> Bool {
        guard override.isLoose else { return false }
        for (names, entry) in Self.leaves(override.document, below: [])
        where known.find(names) == nil {
            let refusal = known.refusal(of: names, entry)
            notes.append(
                ConfigurationNote(
                    position: nil, sentence: "\(override.name) is ignored: \(refusal.sentence)"))
            return true
        }
        return false
    }

    private mutating func read(_ object: HOCONObject, below: [String]) throws(HOCONError) {
        for (names, entry) in Self.leaves(object, below: below) {
            let path = names.map { HOCONValue.key($0) }.joined(separator: ".")
            let value = KeyReading(path: path, entry: entry, names: names)
            switch known.find(names) {
            case nil: throw known.refusal(of: names, entry)
            case .knob(let knob)?: knobs.append((knob, value))
            case .emqx(let title)?:
                note(value, "`\(path)` is a key of \(title), and this broker does nothing with it")
            case .server(let key)?:
                switch key.effect {
                case .sets(let set): try set(&draft, value)
                case .idle(let reason, let harmless):
                    guard !harmless.contains(entry.value) else { continue }
                    note(value, "`\(path)` does nothing here: \(reason)")
                }
            }
        }
    }

    /// Values that are no blocks, with the names of their keys. A null sets nothing.
    private static func leaves(
        _ object: HOCONObject, below: [String]
    ) -> [(names: [String], entry: HOCONObject.Entry)] {
        object.entries.flatMap { entry -> [(names: [String], entry: HOCONObject.Entry)] in
            let names = below + [entry.key]
            switch entry.value {
            case .object(let block): return leaves(block, below: names)
            case .null: return []
            default: return [(names, entry)]
            }
        }
    }

    /// The engine's standard with the knobs of the file over it, as RocksDB will run it.
    /// - Throws: for values with which no database opens.
    private mutating func setting() throws(HOCONError) -> Setting {
        let model = draft.model
        var setting = model.standardSetting
        for (knob, value) in knobs {
            setting[knob] = try knob.read(value.entry, at: value.path)
            if !model.has(knob) {
                note(value, "`\(value.path)` does nothing with the engine \(model.id)")
            }
        }
        for constraint in setting.violations where constraint.isImpossible {
            let value = knobs.last { $0.knob.id == constraint.subject }?.value
            guard constraint.kind == .fatal else {
                let place =
                    value?.entry
                    ?? knobs.last { constraint.others.contains($0.knob.id) }?.value.entry
                throw place?.error(constraint.sentence)
                    ?? HOCONError(
                        HOCONPosition(file: "configuration", line: 1, column: 1),
                        constraint.sentence)
            }
            // What would end the process later is left alone, and the rest of the file is good.
            setting[constraint.subject] = Knob.find(constraint.subject)?.standard ?? 0
            notes.append(
                ConfigurationNote(
                    position: value?.entry.position,
                    sentence: "\(constraint.sentence); it stays off here"))
        }
        for constraint in setting.violations {
            let value = knobs.last { $0.knob.id == constraint.subject }?.value
            let sentence = value.map { "`\($0.path)`: " } ?? ""
            notes.append(
                ConfigurationNote(
                    position: value?.entry.position, sentence: sentence + constraint.sentence))
        }
        return setting.effective
    }

    /// What is so whatever a key says, and might surprise.
    private mutating func statements(_ setting: Setting) {
        if let (count, entry) = draft.replication, count > 1 {
            let local =
                draft.backend == "builtin_raft"
                ? "each message is written to the log that a member of a cluster of \(count) would write, and "
                    + "waits for no other member"
                : "each message is written once"
            notes.append(
                ConfigurationNote(
                    position: entry.position,
                    sentence:
                        "`durable_storage.messages.replication_factor` is \(count) and this broker is "
                        + "one node: there is one copy of every message, not \(count); \(local)"))
        }
        if !draft.isDurable {
            say(
                "`durable_sessions.enable` is false: sessions and their messages end with this process"
            )
        }
        if draft.access.users == nil, !draft.access.allowsAnonymous,
            !draft.access.takesCertificateNames
        {
            say(
                "nobody can connect: name a file of users in `authentication.users` (`dstune passwd` makes one), "
                    + "or set `authentication.allow_anonymous` to true")
        }
        guard draft.access.allowsAnonymous, draft.access.users == nil else { return }
        for draft in draft.listeners where draft.isEnabled && !draft.listener.endpoint.isLoopback {
            let listener = draft.listener
            say(
                "whoever reaches \(listener.endpoint.text) may connect without a password "
                    + "(listener \(listener.kind.rawValue):\(listener.name))")
        }
    }

    private mutating func say(_ sentence: String) {
        notes.append(ConfigurationNote(position: nil, sentence: sentence))
    }

    private mutating func note(_ value: KeyReading, _ sentence: String) {
        notes.append(ConfigurationNote(position: value.entry.position, sentence: sentence))
    }
}

extension EngineModel {
    /// Whether the knob turns anything in this engine.
    fileprivate func has(_ knob: Knob) -> Bool {
        switch knob.reach {
        case .bufferItems, .bufferBytes, .bufferInterval: batching == .writeBuffer
        case .pendingItems, .pendingInterval, .idleInterval: batching == .transaction
        default: true
        }
    }
}
