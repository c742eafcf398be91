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

    /// Keys of the article beside the knobs that no version or not every version has.
    private static let articleKeys = [
        "cache_size", "max_open_files", "min_write_buffer_number_to_merge", "wal_recycle",
        "bytes_per_sync",
    ].map { "durable_storage.messages.rocksdb.\($0)" }

    /// Where an unknown key is a mistake and not somebody else's business.
    private static let block = "durable_storage.messages"

    /// - Parameter dialect: the version that the file is meant for, to be warned by; `nil` if none.
    /// - Throws: `.unknownKey` for a key under `durable_storage.messages` that nobody knows,
    ///   `.badValue` for a value that its knob cannot have.
    package init(reading config: HOCONValue, for dialect: Dialect?) throws(KnobError) {
        guard case .object = config else {
            let start = HOCONPosition(file: "configuration", line: 1, column: 1)
            throw .badValue(HOCONError(start, "a configuration consists of keys, not of a list"))
        }
        for (path, entry) in config.leaves {
            if let knob = Knob.catalogue.first(where: { $0.articlePath == path }) {
                setting[knob] = try Self.value(of: knob, path, entry)
            } else if "\(path).".hasPrefix(Self.block + ".") || Self.block.hasPrefix("\(path).") {
                try recognise(path, entry)
            } else if dialect?.key(path) == nil, dialect?.verdict(of: path) == nil {
                continue
            }
            warn(of: path, entry, for: dialect)
        }
        for constraint in setting.violations {
            let path = Knob.find(constraint.upper)?.articlePath ?? constraint.upper
            let position = config.entry(at: path)?.position
            notes.append(
                Note(kind: .warning, path: path, position: position, sentence: constraint.sentence))
        }
        setting = setting.effective
    }

    private mutating func recognise(_ path: String, _ entry: HOCONObject.Entry) throws(KnobError) {
        let known = Set(Self.articleKeys + Knob.catalogue.map(\.articlePath))
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

    private static func value(
        of knob: Knob, _ path: String, _ entry: HOCONObject.Entry
    ) throws(KnobError) -> Int64 {
        let value: Int64
        do throws(HOCONError) {
            switch knob.unit {
            case .bytes: value = try entry.bytes(path)
            case .milliseconds: value = try entry.duration(path)
            case .count: value = try entry.integer(path)
            }
        } catch { throw .badValue(error) }
        guard knob.domain.contains(value) else {
            let lowest = knob.spelled(knob.domain.lowerBound).inline
            let highest = knob.spelled(knob.domain.upperBound).inline
            throw .badValue(
                entry.error(
                    "`\(path)` is \(entry.value.inline); write a value from \(lowest) to \(highest)"
                ))
        }
        return value
    }
}
