/// The three ways to write a string.
extension HOCONParser {
    /// Characters that mean something, or that HOCON keeps for later. `.` separates keys only.
    private static let reserved = Set("$\"{}[]:=,+#`^?!*&\\()".utf8)

    /// A run of characters that need no quotes; `nil` if the first one does.
    mutating func unquoted(stoppingAtDots: Bool) -> String? {
        let start = at
        while let byte = peek, space == nil, newline == nil, !slashes {
            if stoppingAtDots, byte == UInt8(ascii: ".") { break }
            // The plus of 1.5e+3 belongs to the number; any other assigns or needs quotes.
            let exponent =
                byte == UInt8(ascii: "+") && at > start && peek(1) != UInt8(ascii: "=")
                && (bytes[at - 1] | 0x20) == UInt8(ascii: "e") && !stoppingAtDots
            guard exponent || !Self.reserved.contains(byte) else { break }
            at += 1
        }
        guard at > start || (stoppingAtDots && peek == UInt8(ascii: ".")) else { return nil }
        return String(decoding: bytes[start..<at], as: UTF8.self)
    }

    /// `"…"` with JSON's escapes on one line, or `"""…"""` as it stands over many.
    mutating func quoted() throws(HOCONError) -> String {
        if starts(with: "\"\"\"") { return try tripleQuoted() }
        let start = mark()
        at += 1
        var text: [UInt8] = []
        while let byte = peek {
            switch byte {
            case UInt8(ascii: "\""):
                at += 1
                return String(decoding: text, as: UTF8.self)
            case UInt8(ascii: "\\"):
                text += Array(try escape().utf8)
            case 0x0A, 0x0D:
                throw HOCONError(start, "the string that opens here is not closed on its line")
            default:
                text.append(byte)
                at += 1
            }
        }
        throw HOCONError(start, "the string that opens here is never closed")
    }

    private mutating func tripleQuoted() throws(HOCONError) -> String {
        let start = mark()
        at += 3
        let first = at
        while peek != nil {
            if starts(with: "\"\"\"") {
                // Of four quotes and more, the last three close and the others belong to the text.
                while peek(3) == UInt8(ascii: "\"") { at += 1 }
                let text = String(decoding: bytes[first..<at], as: UTF8.self)
                at += 3
                return text
            }
            if let newline { passLine(newline) } else { at += 1 }
        }
        throw HOCONError(start, "the text that opens here is never closed by three quotes")
    }

    private mutating func escape() throws(HOCONError) -> String {
        let start = mark()
        let letter = peek(1)
        at = min(at + 2, bytes.count)
        switch letter {
        case UInt8(ascii: "\""): return "\""
        case UInt8(ascii: "\\"): return "\\"
        case UInt8(ascii: "/"): return "/"
        case UInt8(ascii: "b"): return "\u{08}"
        case UInt8(ascii: "f"): return "\u{0C}"
        case UInt8(ascii: "n"): return "\n"
        case UInt8(ascii: "r"): return "\r"
        case UInt8(ascii: "t"): return "\t"
        case UInt8(ascii: "u"):
            let unit = try codeUnit(start)
            guard 0xD800..<0xDC00 ~= unit, starts(with: "\\u") else {
                return try character(UInt32(unit), start)
            }
            at += 2
            let low = try codeUnit(start)
            guard 0xDC00..<0xE000 ~= low else { return try character(UInt32(unit), start) }
            return try character(
                0x10000 + (UInt32(unit) - 0xD800) << 10 + (UInt32(low) - 0xDC00), start)
        default:
            throw HOCONError(
                start, "this escape is not one of \\\" \\\\ \\/ \\b \\f \\n \\r \\t \\u")
        }
    }

    private mutating func codeUnit(_ start: HOCONPosition) throws(HOCONError) -> UInt16 {
        let digits = bytes[at..<min(at + 4, bytes.count)]
        guard digits.count == 4,
            let unit = UInt16(String(decoding: digits, as: UTF8.self), radix: 16),
            digits.first != UInt8(ascii: "+")
        else { throw HOCONError(start, "\\u takes four hexadecimal digits") }
        at += 4
        return unit
    }

    private func character(_ code: UInt32, _ start: HOCONPosition) throws(HOCONError) -> String {
        guard let scalar = Unicode.Scalar(code) else {
            throw HOCONError(start, "half of a surrogate pair is no character")
        }
        return String(Character(scalar))
    }
}
