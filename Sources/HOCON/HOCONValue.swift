/// A resolved configuration: no substitutions, no duplicate keys.
///
/// Numbers keep the text that the file had, because `1.10` and `1.1` may be different things to the
/// one who reads them.
package indirect enum HOCONValue: Hashable, Sendable {
    case object(HOCONObject)
    case array([HOCONValue])
    case string(String)
    case number(String)
    case bool(Bool)
    case null

    package static func integer(_ value: Int64) -> HOCONValue { .number(String(value)) }

    /// In words, for error messages.
    package var kind: String {
        switch self {
        case .object: "a block"
        case .array: "a list"
        case .string: "a string"
        case .number: "a number"
        case .bool: "a boolean"
        case .null: "null"
        }
    }
}

/// The keys of a block in the order of the file, each with the place that gave it its value.
///
/// Two objects are equal if they hold the same keys and values in the same order; where they were
/// written does not matter.
package struct HOCONObject: Hashable, Sendable {
    package struct Entry: Sendable {
        package let key: String
        package var value: HOCONValue
        /// `nil` for what was not read from a file.
        package var position: HOCONPosition?
    }

    package private(set) var entries: [Entry] = []
    private var places: [String: Int] = [:]

    package init() {}

    package init(_ entries: [(String, HOCONValue)]) {
        for (key, value) in entries { self[key] = value }
    }

    package subscript(key: String) -> HOCONValue? {
        get { places[key].map { entries[$0].value } }
        set {
            precondition(newValue != nil, "a key is never taken back")
            if let newValue { set(key, newValue, at: nil) }
        }
    }

    package func entry(_ key: String) -> Entry? { places[key].map { entries[$0] } }

    /// Gives `key` a value. A key that was there keeps its place in the order.
    package mutating func set(_ key: String, _ value: HOCONValue, at position: HOCONPosition?) {
        if let place = places[key] {
            entries[place].value = value
            entries[place].position = position
        } else {
            places[key] = entries.count
            entries.append(Entry(key: key, value: value, position: position))
        }
    }

    /// Lays `later` over this: blocks are merged key by key, anything else is replaced.
    package mutating func merge(_ later: HOCONObject) {
        for entry in later.entries {
            if case .object(let theirs) = entry.value, case .object(var ours)? = self[entry.key] {
                ours.merge(theirs)
                set(entry.key, .object(ours), at: entry.position)
            } else {
                set(entry.key, entry.value, at: entry.position)
            }
        }
    }

    package static func == (a: HOCONObject, b: HOCONObject) -> Bool {
        a.entries.elementsEqual(b.entries) { $0.key == $1.key && $0.value == $1.value }
    }

    package func hash(into hasher: inout Hasher) {
        for entry in entries {
            hasher.combine(entry.key)
            hasher.combine(entry.value)
        }
    }
}
