internal import HOCON
internal import Knobs

/// A block of a fleet file, read key by key with what each may be.
///
/// Every error names the file, the line, the whole key and what would be right; for a key that is not known, the
/// nearest that is.
struct FleetBlock {
    let object: HOCONObject
    /// Of the block, dotted; empty for the file.
    let path: String
    let position: HOCONPosition

    init(file: HOCONValue, name: String) throws(HOCONError) {
        position = HOCONPosition(file: name, line: 1, column: 1)
        path = ""
        guard case .object(let object) = file else {
            throw HOCONError(position, "a fleet is a file of keys, not \(file.kind)")
        }
        self.object = object
    }

    init(_ value: HOCONValue, path: String, at position: HOCONPosition) throws(HOCONError) {
        guard case .object(let object) = value else {
            throw HOCONError(
                position, "`\(path)` has to be a block, not \(value.inline); write `{ … }`")
        }
        (self.object, self.path, self.position) = (object, path, position)
    }

    func full(_ key: String) -> String { path.isEmpty ? key : path + "." + HOCONValue.key(key) }

    func has(_ key: String) -> Bool { object.entry(key) != nil }

    /// - Parameter what: whose keys they are, for the error: "a group".
    func refuseUnknown(_ known: [String], of what: String) throws(HOCONError) {
        for entry in object.entries where !known.contains(entry.key) {
            let hint = nearest(to: entry.key, among: known)
            throw error(
                entry.key,
                "is not a key of \(what)"
                    + (hint.map { "; did you mean `\($0)`?" }
                        ?? "; it has \(known.joined(separator: ", "))"))
        }
    }

    /// An error about a key of this block: "`groups.x.count` has to be …".
    func error(_ key: String, _ sentence: String) -> HOCONError {
        HOCONError(object.entry(key)?.position ?? position, "`\(full(key))` \(sentence)")
    }

    func missing(_ key: String, _ wanted: String) -> HOCONError {
        HOCONError(position, "`\(full(key))` is missing; write \(wanted)")
    }

    func block(_ key: String) throws(HOCONError) -> FleetBlock? {
        guard let entry = object.entry(key) else { return nil }
        return try FleetBlock(entry.value, path: full(key), at: entry.position ?? position)
    }

    /// The blocks inside a block, by the names that the file gives them.
    func blocks(_ key: String) throws(HOCONError) -> [(name: String, block: FleetBlock)] {
        guard let outer = try block(key) else { return [] }
        var blocks: [(name: String, block: FleetBlock)] = []
        for entry in outer.object.entries {
            if let inner = try outer.block(entry.key) { blocks.append((entry.key, inner)) }
        }
        return blocks
    }

    /// The blocks of a list.
    func list(_ key: String) throws(HOCONError) -> [FleetBlock] {
        guard let value = object[key] else { return [] }
        guard case .array(let values) = value else {
            throw error(key, "has to be a list of blocks, not \(value.kind); write `[ { … } ]`")
        }
        var blocks: [FleetBlock] = []
        for (place, value) in values.enumerated() {
            // A list keeps no places; the first key inside has one.
            var at = object.entry(key)?.position ?? position
            if case .object(let inner) = value, let first = inner.entries.first?.position {
                at = first
            }
            blocks.append(try FleetBlock(value, path: "\(full(key))[\(place)]", at: at))
        }
        return blocks
    }

    func remedy(_ text: String, among known: [String]) -> String {
        nearest(to: text, among: known).map { "; did you mean `\($0)`?" }
            ?? "; write one of \(known.joined(separator: ", "))"
    }
}
