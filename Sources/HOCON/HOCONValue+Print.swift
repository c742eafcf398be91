/// Writing: the same value always gives the same text, and reading the text gives the value back.
///
/// What is printed keeps to the part of HOCON that EMQX's own scanner reads: names and words
/// without quotes start with a letter, everything else is quoted.
extension HOCONValue {
    /// A document: the keys of a block line by line without outer braces, two spaces per level.
    package func printed() -> String {
        guard case .object(let object) = self else { return inline + "\n" }
        return object.entries.map { $0.printed(indent: "") }.joined()
    }

    /// On one line.
    package var inline: String {
        switch self {
        case .object(let object):
            let entries = object.entries.map { "\(HOCONValue.key($0.key)) = \($0.value.inline)" }
            return entries.isEmpty ? "{}" : "{ \(entries.joined(separator: ", ")) }"
        case .array(let values): return "[\(values.map(\.inline).joined(separator: ", "))]"
        case .string(let text): return HOCONValue.isWord(text) ? text : HOCONValue.quoted(text)
        case .number(let text):
            precondition(HOCONValue.isNumber(text), "a number is written as JSON writes it")
            return text
        case .bool(let value): return value ? "true" : "false"
        case .null: return "null"
        }
    }

    /// One part of a path, quoted if it has to be.
    package static func key(_ name: String) -> String { isWord(name) ? name : quoted(name) }

    private static func isWord(_ text: String) -> Bool {
        guard let first = text.utf8.first, (0x41...0x5A).contains(first & 0xDF) else {
            return false
        }
        let rest = text.utf8.allSatisfy {
            (0x41...0x5A).contains($0 & 0xDF) || (0x30...0x39).contains($0)
                || $0 == UInt8(ascii: "_") || $0 == UInt8(ascii: "-")
        }
        return rest && !["true", "false", "null", "include"].contains(text)
    }

    private static func quoted(_ text: String) -> String {
        var out = "\""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"": out += "\\\""
            case "\\": out += "\\\\"
            case "\n": out += "\\n"
            case "\r": out += "\\r"
            case "\t": out += "\\t"
            case "\u{08}": out += "\\b"
            case "\u{0C}": out += "\\f"
            case _ where mayEndLine(scalar):
                let digits = String(scalar.value, radix: 16)
                out += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
            default: out.unicodeScalars.append(scalar)
            }
        }
        return out + "\""
    }

    // Control characters, and what Unicode or EMQX's scanner takes for the end of a line.
    private static func mayEndLine(_ scalar: Unicode.Scalar) -> Bool {
        scalar.value < 0x20 || 0x7F...0x9F ~= scalar.value || 0x2028...0x2029 ~= scalar.value
    }
}

extension HOCONObject.Entry {
    fileprivate func printed(indent: String) -> String {
        let name = indent + HOCONValue.key(key)
        switch value {
        case .object(let object) where !object.entries.isEmpty:
            let inside = object.entries.map { $0.printed(indent: indent + "  ") }.joined()
            return "\(name) {\n\(inside)\(indent)}\n"
        default: return "\(name) = \(value.inline)\n"
        }
    }
}
