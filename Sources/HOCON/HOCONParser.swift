/// Reads HOCON text into syntax: one pass over the bytes, no look-back further than a token.
///
/// The grammar is Lightbend's HOCON with two leanings towards the reader of EMQX, for whose files
/// this exists: `@` needs no quotes, and a carriage return ends a line. Left out on purpose:
/// includes of URLs and class paths, and spaces inside keys that are not quoted.
struct HOCONParser {
    /// Largest document read, in bytes, with all that it includes. A broker configuration has some tens of kilobytes.
    static let largest = 1 << 20
    /// Deepest nesting of blocks, lists and dotted keys together.
    static let deepest = 64

    let bytes: [UInt8]
    let file: String
    var at = 0
    var depth = 0
    private var line = 1
    // The last place asked for, so that a long line is not counted again from its start.
    private var marked = (at: 0, column: 1)
    private var assignments = 0
    var origin: Origin
    /// The block that is being read, from the root of the document, as far as no list is around it.
    var scope: [String]
    /// How many lists are around what is being read.
    var listed = 0
    /// Of all files of the document.
    var bytesRead: Int

    /// - Throws: if the text is not UTF-8 or larger than `largest`.
    init(_ bytes: [UInt8], file: String, _ origin: Origin) throws(HOCONError) {
        self.origin = origin
        self.origin.files.append(file)
        scope = origin.scope
        bytesRead = bytes.count
        let start = HOCONPosition(file: file, line: 1, column: 1)
        guard bytes.count <= Self.largest else {
            throw HOCONError(
                start, "the file has \(bytes.count) bytes; at most \(Self.largest) are read")
        }
        guard String(validating: bytes, as: UTF8.self) != nil else {
            throw HOCONError(start, "the file is not UTF-8 text; save it as UTF-8")
        }
        self.bytes = bytes
        self.file = file
        if bytes.starts(with: [0xEF, 0xBB, 0xBF]) { passLine(3, counting: 0) }
    }

    /// The whole document as one slot: a block, whose braces may be missing, or a list.
    mutating func document() throws(HOCONError) -> Slot {
        skipBlank(lines: true)
        let start = mark()
        let node: Node
        switch peek {
        case UInt8(ascii: "["): node = .list(try list())
        case UInt8(ascii: "{"): node = .fields(try block())
        default: node = .fields(try fields(until: nil))
        }
        skipBlank(lines: true)
        guard peek == nil else { throw fault("the document ends before \(seen)") }
        return [assignment(node, start)]
    }

    // A block with its braces.
    mutating func block() throws(HOCONError) -> Fields {
        let start = mark()
        at += 1
        try enter(start)
        let fields = try fields(until: UInt8(ascii: "}"))
        guard peek == UInt8(ascii: "}") else {
            throw HOCONError(start, "the block that opens here has no closing `}`")
        }
        at += 1
        depth -= 1
        return fields
    }

    private mutating func fields(until end: UInt8?) throws(HOCONError) -> Fields {
        let fields = Fields()
        skipBlank(lines: true)
        while let byte = peek, byte != end {
            try field(into: fields)
            try separator(before: end)
        }
        return fields
    }

    private mutating func field(into fields: Fields) throws(HOCONError) {
        if try include(into: fields) { return }
        let start = mark()
        let path = try key()
        scope += path
        defer { scope.removeLast(path.count) }
        skipBlank(lines: true)
        let value: Slot
        switch peek {
        case UInt8(ascii: "{"):
            value = try self.value()
        case UInt8(ascii: "="), UInt8(ascii: ":"):
            at += 1
            skipBlank(lines: true)
            value = try self.value()
        case UInt8(ascii: "+") where peek(1) == UInt8(ascii: "="):
            at += 2
            skipBlank(lines: true)
            value = [assignment(.appended(try self.value()), start)]
        default:
            throw fault(
                "after the key `\(path.joined(separator: "."))` comes `=`, `:` or `{`, not \(seen)")
        }
        guard depth + path.count <= Self.deepest else { throw tooDeep(start) }
        // a.b.c = 1 is a { b { c = 1 } }, and the line of all three is this one.
        var slot = value.map { at(start, $0) }
        for name in path.dropFirst().reversed() {
            let outer = Fields()
            outer.append(slot, to: name)
            slot = [assignment(.fields(outer), start)]
        }
        fields.append(slot, to: path[0])
    }

    // An error about a value names the line of its key.
    private func at(_ start: HOCONPosition, _ assignment: Assignment) -> Assignment {
        Assignment(
            node: assignment.node, position: start, number: assignment.number,
            joinsPrevious: assignment.joinsPrevious)
    }

    /// After a value: one comma, or the end of the line, or the end of the block.
    mutating func separator(before end: UInt8?) throws(HOCONError) {
        let line = self.line
        skipBlank(lines: true)
        if peek == UInt8(ascii: ",") {
            at += 1
            skipBlank(lines: true)
            guard peek != UInt8(ascii: ",") else { throw fault("one comma is enough here") }
        } else if let byte = peek, byte != end, line == self.line {
            throw fault("a comma or a new line has to stand before \(seen)")
        }
    }

    mutating func enter(_ start: HOCONPosition) throws(HOCONError) {
        depth += 1
        guard depth <= Self.deepest else { throw tooDeep(start) }
    }

    mutating func assignment(_ node: Node, _ position: HOCONPosition) -> Assignment {
        assignments += 1
        return Assignment(node: node, position: position, number: assignments)
    }

    /// Goes on where another parser of the same document is: assignments keep numbers of their own.
    mutating func continues(_ other: HOCONParser) {
        assignments = other.assignments
        bytesRead = other.bytesRead
    }

    private func tooDeep(_ start: HOCONPosition) -> HOCONError {
        HOCONError(start, "this is nested more than \(Self.deepest) levels deep")
    }
}

extension HOCONParser {
    var peek: UInt8? { at < bytes.count ? bytes[at] : nil }

    func peek(_ ahead: Int) -> UInt8? { at + ahead < bytes.count ? bytes[at + ahead] : nil }

    func starts(with text: StaticString) -> Bool {
        text.withUTF8Buffer { bytes[at...].starts(with: $0) }
    }

    var position: HOCONPosition {
        // Continuation bytes of UTF-8 are 10xxxxxx and belong to the character before them.
        let column = marked.column + bytes[marked.at..<at].count { $0 & 0xC0 != 0x80 }
        return HOCONPosition(file: file, line: line, column: column)
    }

    mutating func mark() -> HOCONPosition {
        let position = self.position
        marked = (at, position.column)
        return position
    }

    func fault(_ sentence: String) -> HOCONError { HOCONError(position, sentence) }

    /// What stands here, for an error message.
    var seen: String {
        guard peek != nil else { return "the end of the file" }
        if newline != nil { return "the end of the line" }
        let rest = String(decoding: bytes[at..<min(at + 16, bytes.count)], as: UTF8.self)
        return "`\(rest.prefix(1))`"
    }

    /// The length of the line end that stands here. EMQX's scanner ends comments at all of these.
    var newline: Int? {
        switch peek {
        case 0x0A: 1
        case 0x0D: peek(1) == 0x0A ? 2 : 1
        case 0xE2 where peek(1) == 0x80 && (peek(2) == 0xA8 || peek(2) == 0xA9): 3
        default: nil
        }
    }

    /// The length of the space that stands here: blank, tab, vertical tab, form feed, no-break.
    var space: Int? {
        switch peek {
        case 0x20, 0x09, 0x0B, 0x0C: 1
        case 0xC2 where peek(1) == 0xA0: 2
        default: nil
        }
    }

    var comment: Bool { peek == UInt8(ascii: "#") || slashes }

    var slashes: Bool { peek == UInt8(ascii: "/") && peek(1) == UInt8(ascii: "/") }

    mutating func skipBlank(lines: Bool) {
        while true {
            if let space {
                at += space
            } else if comment {
                while let byte = peek, byte != 0x0A, byte != 0x0D, byte != 0xE2 || newline == nil {
                    at += 1
                }
            } else if lines, let newline {
                passLine(newline)
            } else {
                return
            }
        }
    }

    mutating func passLine(_ length: Int, counting lines: Int = 1) {
        at += length
        line += lines
        marked = (at, 1)
    }
}
