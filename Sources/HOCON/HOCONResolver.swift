extension HOCONValue {
    /// Reads a document, resolves its substitutions and merges what was said twice; later wins.
    ///
    /// - Parameter file: as it shall stand in errors.
    /// - Throws: at the first thing that is wrong, with its line.
    package init(parsing text: String, file: String) throws(HOCONError) {
        try self.init(parsing: Array(text.utf8), file: file)
    }

    /// - Parameters:
    ///   - includes: how files that this one includes are read; nil refuses them.
    ///   - environment: what a substitution finds that no key is there for.
    package init(
        parsing bytes: [UInt8], file: String, includes: HOCONIncludes? = nil,
        environment: [String: String] = [:]
    ) throws(HOCONError) {
        var parser = try HOCONParser(bytes, file: file, HOCONParser.Origin(includes: includes))
        var resolver = HOCONResolver(root: try parser.document(), environment: environment)
        self = try resolver.document()
    }
}

/// Turns syntax into a value.
///
/// Substitutions look at the finished document, wherever they stand, except that a key which
/// refers to itself sees what it was before: while an assignment is being worked out, its key
/// shows only the assignments before that one.
struct HOCONResolver {
    /// Most steps (nodes and bytes of text) spent on one document. Substitutions of substitutions
    /// grow without bound; a file without them takes less than two steps per byte.
    static let patience = 2 * HOCONParser.largest
    /// Deepest chain of blocks and substitutions together.
    static let deepest = 256

    private let root: Slot
    private let environment: [String: String]
    private var busy: Set<Int> = []
    private var steps = 0
    private var depth = 0
    /// Whether the last look-up ended at the assignment that asked.
    private var circular = false

    init(root: Slot, environment: [String: String]) {
        self.root = root
        self.environment = environment
    }

    mutating func document() throws(HOCONError) -> HOCONValue {
        let value = try value(of: root)
        return value ?? .object(HOCONObject())
    }

    /// `nil` if all that was assigned are optional substitutions that found nothing.
    private mutating func value(of slot: Slot) throws(HOCONError) -> HOCONValue? {
        guard let first = slot.first else { return nil }
        try spend(1 + slot.count, first.position)
        depth += 1
        defer { depth -= 1 }
        guard depth <= Self.deepest else {
            throw HOCONError(first.position, "substitutions are nested too deep here")
        }
        let visible = seen(of: slot)
        guard !visible.isEmpty else {
            throw HOCONError(first.position, "this value refers to itself")
        }
        var value: HOCONValue?
        // What is certainly replaced later is not looked at: its substitutions need not exist.
        let start = visible.lastIndex { Self.replaces($0) } ?? visible.startIndex
        for assignment in visible[start...] {
            let next = try self.value(of: assignment, after: value)
            if assignment.joinsPrevious, let value, let next, !(value.isObject && next.isObject) {
                throw HOCONError(
                    assignment.position, "\(value.kind) and \(next.kind) cannot be joined")
            }
            value = try merged(value, next, assignment.position)
        }
        return value
    }

    private func seen(of slot: Slot) -> Slot.SubSequence {
        guard !busy.isEmpty, let mine = slot.firstIndex(where: { busy.contains($0.number) }) else {
            return slot[...]
        }
        return slot[..<mine]
    }

    private static func replaces(_ assignment: Assignment) -> Bool {
        switch assignment.node {
        case .scalar(let value): !value.isObject
        case .list: true
        case .fields, .appended: false
        case .joined(let pieces): pieces.contains { if case .text = $0 { true } else { false } }
        }
    }

    private mutating func merged(
        _ earlier: HOCONValue?, _ later: HOCONValue?, _ position: HOCONPosition
    ) throws(HOCONError) -> HOCONValue? {
        guard let later else { return earlier }
        guard case .object(var ours)? = earlier, case .object(let theirs) = later else {
            return later
        }
        try spend(ours.entries.count + theirs.entries.count, position)
        ours.merge(theirs)
        return .object(ours)
    }

    private mutating func value(
        of assignment: Assignment, after earlier: HOCONValue?
    ) throws(HOCONError) -> HOCONValue? {
        let position = assignment.position
        if case .fields(let fields) = assignment.node { return try object(fields) }
        busy.insert(assignment.number)
        defer { busy.remove(assignment.number) }
        switch assignment.node {
        case .fields(let fields): return try object(fields)
        case .scalar(let value):
            if case .string(let text) = value { try spend(text.utf8.count, position) }
            return value
        case .list(let slots): return .array(try elements(slots))
        case .appended(let slot):
            guard let value = try value(of: slot) else { return earlier }
            switch earlier {
            case nil: return .array([value])
            case .array(let elements)?:
                try spend(elements.count, position)
                return .array(elements + [value])
            case let other?:
                throw HOCONError(position, "`+=` adds to a list, and the key holds \(other.kind)")
            }
        case .joined(let pieces): return try joined(pieces, position)
        }
    }

    private mutating func object(_ fields: Fields) throws(HOCONError) -> HOCONValue {
        var object = HOCONObject()
        for key in fields.order {
            guard let slot = fields.slots[key], let value = try value(of: slot) else { continue }
            object.set(key, value, at: slot.last?.position)
        }
        return .object(object)
    }

    private mutating func elements(_ slots: [Slot]) throws(HOCONError) -> [HOCONValue] {
        var values: [HOCONValue] = []
        for slot in slots {
            if let value = try value(of: slot) { values.append(value) }
        }
        return values
    }

    // Pieces side by side: all blocks, all lists, or all text with the blanks between them.
    private mutating func joined(
        _ pieces: [Piece], _ position: HOCONPosition
    ) throws(HOCONError) -> HOCONValue? {
        var sum: HOCONValue?
        var blank = ""
        for piece in pieces {
            let next: HOCONValue?
            switch piece {
            case .blank(let text):
                blank = text
                continue
            case .text(let text):
                try spend(text.utf8.count, position)
                next = .string(text)
            case .list(let slots): next = .array(try elements(slots))
            case .substitution(let path, let scope, let optional, let place):
                next = try found(path, within: scope, optional: optional, place)
            }
            guard let next else { continue }
            switch (sum, next) {
            case (nil, _): sum = next
            case (.object?, .object): sum = try merged(sum, next, position)
            case (.array(let a)?, .array(let b)):
                try spend(a.count + b.count, position)
                sum = .array(a + b)
            default:
                guard let left = sum?.asText, let right = next.asText else {
                    throw HOCONError(
                        position, "\(sum?.kind ?? "nothing") and \(next.kind) cannot be joined")
                }
                try spend(left.utf8.count + right.utf8.count, position)
                sum = .string(left + blank + right)
            }
            blank = ""
        }
        return sum
    }

    /// What a substitution stands for.
    private mutating func found(
        _ path: [String], within scope: [String], optional: Bool, _ place: HOCONPosition
    ) throws(HOCONError) -> HOCONValue? {
        circular = false
        if !scope.isEmpty, let inner = try lookUp(scope + path, place) { return inner }
        if let value = try lookUp(path, place) { return value }
        let name = path.joined(separator: ".")
        if !circular, let value = environment[name] { return HOCONValue(plain: value) }
        guard optional else {
            throw HOCONError(
                place,
                circular ? "`${\(name)}` refers to itself" : "`${\(name)}` is not set in this file")
        }
        return nil
    }

    /// Follows `path` through assignments without working out the blocks on the way, so that a
    /// block may refer to a neighbour inside itself.
    private mutating func lookUp(
        _ path: [String], _ place: HOCONPosition
    ) throws(HOCONError) -> HOCONValue? {
        var slot = root
        for key in path {
            slot = try assignments(to: key, in: slot, place)
            if slot.isEmpty { return nil }
        }
        let visible = seen(of: slot)
        circular = visible.isEmpty
        return circular ? nil : try value(of: Array(visible))
    }

    // What `key` gets in the blocks that the assignments of `slot` amount to, later ones last.
    private mutating func assignments(
        to key: String, in slot: Slot, _ place: HOCONPosition
    ) throws(HOCONError) -> Slot {
        try spend(1 + slot.count, place)
        var below: Slot = []
        for assignment in seen(of: slot).reversed() {
            if case .fields(let fields) = assignment.node {
                below = (fields.slots[key] ?? []) + below
                continue
            }
            switch try value(of: assignment, after: nil) {
            case nil: continue
            case .object(let object)?:
                guard let entry = object.entry(key) else { continue }
                // Numbers of the parser start at 1: this one is never busy.
                let found = Assignment(node: .scalar(entry.value), position: place, number: 0)
                below.insert(found, at: 0)
            default: return below
            }
        }
        return below
    }

    private mutating func spend(_ count: Int, _ position: HOCONPosition) throws(HOCONError) {
        steps += count
        guard steps <= Self.patience else {
            throw HOCONError(position, "the substitutions of this file grow beyond any use")
        }
    }
}

extension HOCONValue {
    fileprivate var isObject: Bool { if case .object = self { true } else { false } }

    // What a value looks like inside a longer string.
    fileprivate var asText: String? {
        switch self {
        case .string(let text), .number(let text): text
        case .bool(let value): value ? "true" : "false"
        case .null: "null"
        case .object, .array: nil
        }
    }
}
