/// Keys and values: everything on the two sides of a `=`.
extension HOCONParser {
    /// A dotted path. Quoted parts are taken as they are, so `"a.b"` is one name.
    mutating func key() throws(HOCONError) -> [String] {
        let start = mark()
        let first = at
        var path: [String] = []
        repeat {
            if !path.isEmpty { at += 1 }
            let name = peek == UInt8(ascii: "\"") ? try quoted() : unquoted(stoppingAtDots: true)
            guard let name, at > first else {
                throw HOCONError(start, "a key was expected here, not \(seen)")
            }
            guard !name.isEmpty || bytes[at - 1] == UInt8(ascii: "\"") else {
                throw HOCONError(start, "a key has an empty part between its dots")
            }
            path.append(name)
            guard path.count <= Self.deepest else {
                throw HOCONError(start, "a key has at most \(Self.deepest) parts")
            }
        } while peek == UInt8(ascii: ".")
        if path == ["include"], bytes[first] == UInt8(ascii: "i") {
            skipBlank(lines: false)
            let follows = peek.map { [UInt8]("=:{+".utf8).contains($0) } ?? false
            guard follows else {
                throw HOCONError(
                    start,
                    origin.includes == nil
                        ? "`include` is not supported: paste the included file in its place"
                        : "after `include` comes a name in quotes, `file(\"…\")` or `required(…)`")
            }
        }
        return path
    }

    /// Everything up to the end of the line, a comma or a closing bracket, as the assignments that
    /// it amounts to: blocks and substitutions side by side are assignments one after the other.
    mutating func value() throws(HOCONError) -> Slot {
        let start = mark()
        var slot: Slot = []
        var pieces: [Piece] = []
        var quotedAlone = false
        while true {
            let blank = takeSpaces()
            guard let byte = peek, newline == nil, !comment, !",]}".utf8.contains(byte) else {
                break
            }
            if !blank.isEmpty, !pieces.isEmpty { pieces.append(.blank(blank)) }
            switch byte {
            case UInt8(ascii: "{"):
                let place = mark()
                let before = try joinedBefore(pieces, place)
                if let before { slot.append(assignment(before, start)) }
                pieces = []
                var block = assignment(.fields(try self.block()), start)
                block.joinsPrevious = !slot.isEmpty
                slot.append(block)
            case UInt8(ascii: "["): pieces.append(.list(try list()))
            case UInt8(ascii: "\""):
                quotedAlone = pieces.isEmpty
                pieces.append(.text(try quoted()))
            case UInt8(ascii: "$"): pieces.append(try substitution())
            default:
                guard let text = unquoted(stoppingAtDots: false) else {
                    throw fault("\(seen) needs quotes around it")
                }
                pieces.append(.text(text))
            }
        }
        if case .blank? = pieces.last { pieces.removeLast() }
        if !pieces.isEmpty {
            var last = assignment(Self.node(pieces, quoted: quotedAlone), start)
            if !slot.isEmpty {
                guard Self.mayBeBlock(pieces) else {
                    throw HOCONError(start, "a block and a plain value cannot stand side by side")
                }
                last.joinsPrevious = true
            }
            slot.append(last)
        }
        guard !slot.isEmpty else { throw fault("a value is missing before \(seen)") }
        return slot
    }

    mutating func list() throws(HOCONError) -> [Slot] {
        let start = mark()
        at += 1
        try enter(start)
        skipBlank(lines: true)
        var elements: [Slot] = []
        listed += 1
        defer { listed -= 1 }
        while let byte = peek, byte != UInt8(ascii: "]") {
            elements.append(try value())
            try separator(before: UInt8(ascii: "]"))
        }
        guard peek == UInt8(ascii: "]") else {
            throw HOCONError(start, "the list that opens here has no closing `]`")
        }
        at += 1
        depth -= 1
        return elements
    }

    private func joinedBefore(_ pieces: [Piece], _ place: HOCONPosition) throws(HOCONError) -> Node?
    {
        var pieces = pieces
        if case .blank? = pieces.last { pieces.removeLast() }
        guard !pieces.isEmpty else { return nil }
        guard Self.mayBeBlock(pieces) else {
            throw HOCONError(place, "a plain value and a block cannot stand side by side")
        }
        return .joined(pieces)
    }

    private static func mayBeBlock(_ pieces: [Piece]) -> Bool {
        pieces.allSatisfy {
            switch $0 {
            case .blank, .substitution: true
            case .text, .list: false
            }
        }
    }

    private static func node(_ pieces: [Piece], quoted: Bool) -> Node {
        var text = ""
        for piece in pieces {
            switch piece {
            case .text(let part), .blank(let part): text += part
            case .list(let elements) where pieces.count == 1: return .list(elements)
            case .list, .substitution: return .joined(pieces)
            }
        }
        guard pieces.count == 1, !quoted else { return .scalar(.string(text)) }
        return .scalar(HOCONValue(plain: text))
    }

    private mutating func substitution() throws(HOCONError) -> Piece {
        let start = mark()
        guard peek(1) == UInt8(ascii: "{") else {
            throw fault("`$` needs quotes around it, or means `${a.key}`")
        }
        at += 2
        let optional = peek == UInt8(ascii: "?")
        if optional { at += 1 }
        _ = takeSpaces()
        let path = try key()
        _ = takeSpaces()
        guard peek == UInt8(ascii: "}") else { throw fault("`${` is closed by `}`, not \(seen)") }
        at += 1
        return .substitution(path: path, within: origin.scope, optional: optional, start)
    }

    private mutating func takeSpaces() -> String {
        let start = at
        while let space { at += space }
        return String(decoding: bytes[start..<at], as: UTF8.self)
    }
}

extension HOCONValue {
    /// A value written without quotes: a boolean, null, a JSON number, else a string.
    init(plain text: String) {
        switch text {
        case "true": self = .bool(true)
        case "false": self = .bool(false)
        case "null": self = .null
        default: self = Self.isNumber(text) ? .number(text) : .string(text)
        }
    }

    /// Whether `text` is a number as RFC 8259 section 6 writes it.
    static func isNumber(_ text: String) -> Bool {
        var rest = text.utf8[...]
        func digits() -> Int {
            let count = rest.prefix { (0x30...0x39).contains($0) }.count
            rest = rest.dropFirst(count)
            return count
        }
        if rest.first == UInt8(ascii: "-") { rest = rest.dropFirst() }
        let leading = rest.first
        let whole = digits()
        guard whole == 1 || (whole > 1 && leading != UInt8(ascii: "0")) else { return false }
        if rest.first == UInt8(ascii: ".") {
            rest = rest.dropFirst()
            guard digits() > 0 else { return false }
        }
        if rest.first == UInt8(ascii: "e") || rest.first == UInt8(ascii: "E") {
            rest = rest.dropFirst()
            if rest.first == UInt8(ascii: "+") || rest.first == UInt8(ascii: "-") {
                rest = rest.dropFirst()
            }
            guard digits() > 0 else { return false }
        }
        return rest.isEmpty
    }
}
