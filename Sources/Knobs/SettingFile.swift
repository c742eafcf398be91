package import HOCON

/// A setting read from a configuration file: EMQX's own keys, or those of the article.
package struct SettingFile: Sendable {
    /// Something the reader should know about a key that did not stop us.
    package struct Note: Hashable, Sendable, CustomStringConvertible {
        package enum Kind: String, Hashable, Sendable {
            /// A key with a meaning that this tool does not vary and does not model.
            case notVaried
            /// The named version does something else with the key than the file expects.
            case warning
        }

        package let kind: Kind
        package let path: String
        package let position: HOCONPosition?
        package let sentence: String

        package var description: String { (position.map { "\($0): " } ?? "") + sentence }
    }

    /// What the file sets, as RocksDB takes it; everything else is standard.
    package private(set) var setting = Setting()
    package private(set) var notes: [Note] = []

    /// Where an unknown key is a mistake and not somebody else's business.
    private static let block = "durable_storage.messages"

    /// - Parameter dialect: the version that the file is meant for, to be warned by; `nil` if none.
    /// - Throws: `.unknownKey` for a key under `durable_storage.messages` that nobody knows,
    ///   `.badValue` for a value that its knob cannot have, alone or beside another.
    package init(reading config: HOCONValue, for dialect: Dialect?) throws(KnobError) {
        guard case .object = config else {
            let start = HOCONPosition(file: "configuration", line: 1, column: 1)
            throw .badValue(HOCONError(start, "a configuration consists of keys, not of a list"))
        }
        for (path, entry) in config.leaves {
            if let (knob, syntax) = Self.knob(at: path, of: dialect) {
                do throws(HOCONError) {
                    setting[knob] = try knob.read(entry, at: path, syntax)
                } catch { throw .badValue(error) }
            } else if "\(path).".hasPrefix(Self.block + ".") || Self.block.hasPrefix("\(path).") {
                try recognise(path, entry)
            } else if dialect?.key(path) == nil, dialect?.verdict(of: path) == nil {
                continue
            }
            warn(of: path, entry, for: dialect)
        }
        for constraint in setting.violations {
            let path = Knob.find(constraint.subject)?.articlePath ?? constraint.subject
            let entry = config.entry(at: path)
            if constraint.isImpossible, let entry {
                throw .badValue(entry.error("`\(path)`: \(constraint.sentence)"))
            }
            let position = entry?.position
            notes.append(
                Note(kind: .warning, path: path, position: position, sentence: constraint.sentence))
        }
        setting = setting.effective
    }

    /// The knob that a key turns: in the named version, else in the article.
    private static func knob(
        at path: String, of dialect: Dialect?
    ) -> (Knob, ConfigKey.SizeSyntax)? {
        if let key = dialect?.key(path), let knob = key.turns.flatMap(Knob.find) {
            return (knob, key.syntax)
        }
        return Knob.catalogue.first { $0.articlePath == path }.map { ($0, .bytesize) }
    }

    private mutating func recognise(_ path: String, _ entry: HOCONObject.Entry) throws(KnobError) {
        let known = Set(Knob.catalogue.map(\.articlePath))
        guard !known.contains(where: { $0.hasPrefix(path + ".") }) else {
            throw .badValue(
                entry.error("`\(path)` has to be a block `{ … }`, not \(entry.value.kind)"))
        }
        let recognised = known.contains(path) || Dialect.catalogue.contains { $0.key(path) != nil }
        guard recognised else {
            // Only its neighbours: with the block's name in front, everything would look close.
            let block = String(path.dropLast(HOCONValue.key(entry.key).count))
            let all = known.union(Dialect.catalogue.flatMap { $0.keys.map(\.path) }).sorted()
            let neighbours = all.filter { $0.hasPrefix(block) }.map {
                String($0.dropFirst(block.count))
            }
            let closest = nearest(to: entry.key, among: neighbours).map { block + $0 }
            throw .unknownKey(path, entry.position, nearest: closest)
        }
        notes.append(
            Note(
                kind: .notVaried, path: path, position: entry.position,
                sentence: "`\(path)` is not varied here and has no effect on the measurement"))
    }

    private mutating func warn(
        of path: String, _ entry: HOCONObject.Entry, for dialect: Dialect?
    ) {
        let key = dialect?.key(path)
        guard
            let reason = key?.anotherMeaning
                ?? dialect?.verdict(of: path, value: entry.value)?.reason
        else { return }
        notes.append(
            Note(
                kind: .warning, path: path, position: entry.position,
                sentence: "`\(path)`: \(reason)"))
    }
}
