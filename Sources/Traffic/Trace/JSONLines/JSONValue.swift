/// A value of JSON (RFC 8259), with the members of objects in their order, which MQTT's properties need,
/// and numbers as they were written, so that nanoseconds are not rounded.
enum JSONValue: Equatable {
    case null
    case bool(Bool)
    case number(String)
    case string(String)
    case array([JSONValue])
    case object([Member])

    struct Member: Equatable {
        let name: String
        let value: JSONValue
    }

    /// What it is, for people.
    var kind: String {
        switch self {
        case .null: "null"
        case .bool: "a truth value"
        case .number: "a number"
        case .string: "a text"
        case .array: "a list"
        case .object: "an object"
        }
    }
}

/// Why a text is no JSON, and where.
struct JSONFault: Error, Equatable {
    let why: String
    /// Counts from 1, in bytes.
    let column: Int
}

/// Values deeper than this are none of ours and would use up the stack.
private let deepest = 16

extension JSONValue {
    /// Reads one value that fills `line` but for white space.
    init(_ line: RawSpan) throws(JSONFault) {
        var offset = 0
        self = try line.readJSON(at: &offset, depth: 0)
        line.skipBlank(at: &offset)
        guard offset == line.byteCount else {
            throw JSONFault(why: "more comes after the value", column: offset + 1)
        }
    }
}

extension RawSpan {
    fileprivate func skipBlank(at offset: inout Int) {
        while offset < byteCount, [0x20, 0x09, 0x0A, 0x0D].contains(byte(at: offset)) {
            offset += 1
        }
    }

    fileprivate func readJSON(at offset: inout Int, depth: Int) throws(JSONFault) -> JSONValue {
        skipBlank(at: &offset)
        guard offset < byteCount else {
            throw JSONFault(why: "a value is missing", column: offset + 1)
        }
        guard depth < deepest else {
            throw JSONFault(why: "values are nested too deep", column: offset + 1)
        }
        switch byte(at: offset) {
        case UInt8(ascii: "{"): return .object(try readObject(at: &offset, depth: depth))
        case UInt8(ascii: "["): return .array(try readArray(at: &offset, depth: depth))
        case UInt8(ascii: "\""): return .string(try readString(at: &offset))
        case UInt8(ascii: "t"): return .bool(try readWord("true", true, at: &offset))
        case UInt8(ascii: "f"): return .bool(try readWord("false", false, at: &offset))
        case UInt8(ascii: "n"): return try readWord("null", .null, at: &offset)
        default: return .number(try readNumber(at: &offset))
        }
    }

    private func readWord<Value>(
        _ word: StaticString, _ value: Value, at offset: inout Int
    ) throws(JSONFault) -> Value {
        let count = word.utf8CodeUnitCount
        let isThere =
            offset + count <= byteCount
            && word.withUTF8Buffer { word in
                (0..<count).allSatisfy { byte(at: offset + $0) == word[$0] }
            }
        guard isThere else { throw JSONFault(why: "a word is not JSON's", column: offset + 1) }
        offset += count
        return value
    }

    private func readObject(
        at offset: inout Int, depth: Int
    ) throws(JSONFault) -> [JSONValue.Member] {
        var members: [JSONValue.Member] = []
        var isFirst = true
        while try readSeparator(UInt8(ascii: "}"), at: &offset, isFirst: &isFirst) {
            guard offset < byteCount, byte(at: offset) == UInt8(ascii: "\"") else {
                throw JSONFault(why: "a name in quotes is missing", column: offset + 1)
            }
            let (name, column) = (try readString(at: &offset), offset)
            skipBlank(at: &offset)
            guard offset < byteCount, byte(at: offset) == UInt8(ascii: ":") else {
                throw JSONFault(why: "a colon is missing", column: offset + 1)
            }
            offset += 1
            if members.contains(where: { $0.name == name }) {
                throw JSONFault(why: "\"\(name)\" is there twice", column: column)
            }
            members.append(.init(name: name, value: try readJSON(at: &offset, depth: depth + 1)))
        }
        return members
    }

    private func readArray(at offset: inout Int, depth: Int) throws(JSONFault) -> [JSONValue] {
        var values: [JSONValue] = []
        var isFirst = true
        while try readSeparator(UInt8(ascii: "]"), at: &offset, isFirst: &isFirst) {
            values.append(try readJSON(at: &offset, depth: depth + 1))
        }
        return values
    }

    /// What stands between members: the bracket before the first, a comma, or the bracket at the end.
    /// - Returns: whether another one comes.
    private func readSeparator(
        _ end: UInt8, at offset: inout Int, isFirst: inout Bool
    ) throws(JSONFault) -> Bool {
        if isFirst { offset += 1 }
        skipBlank(at: &offset)
        guard offset < byteCount else {
            throw JSONFault(why: "the line ends before the value does", column: offset + 1)
        }
        if byte(at: offset) == end {
            offset += 1
            return false
        }
        if isFirst {
            isFirst = false
            return true
        }
        guard byte(at: offset) == UInt8(ascii: ",") else {
            throw JSONFault(why: "a comma is missing", column: offset + 1)
        }
        offset += 1
        skipBlank(at: &offset)
        return true
    }

    private func readNumber(at offset: inout Int) throws(JSONFault) -> String {
        let start = offset
        while offset < byteCount, isNumeric(byte(at: offset)) { offset += 1 }
        let text = extracting(start..<offset).withUnsafeBytes {
            String(decoding: $0, as: UTF8.self)
        }
        // Double's reader takes more than JSON has, but none of it is made of these characters alone,
        // except a sign, a point or a zero in front.
        let digits = text.drop { $0 == "-" }
        let isSound =
            Double(text) != nil && !text.hasPrefix("+") && digits.first?.isNumber == true
            && !text.hasSuffix(".")
            && !(digits.hasPrefix("0") && digits.dropFirst().first?.isNumber == true)
        guard isSound else { throw JSONFault(why: "a value is not JSON", column: start + 1) }
        return text
    }

    private func isNumeric(_ byte: UInt8) -> Bool {
        0x30...0x39 ~= byte || [0x2B, 0x2D, 0x2E, 0x45, 0x65].contains(byte)
    }

    private func readString(at offset: inout Int) throws(JSONFault) -> String {
        let start = offset + 1
        offset = start
        var text: [UInt8] = []
        var plain = start
        while true {
            guard offset < byteCount else {
                throw JSONFault(why: "a text does not end", column: start)
            }
            let byte = byte(at: offset)
            guard byte >= 0x20 else {
                throw JSONFault(why: "a text holds a control character", column: offset + 1)
            }
            if byte == UInt8(ascii: "\"") { break }
            offset += 1
            guard byte == UInt8(ascii: "\\") else { continue }
            extracting(plain..<offset - 1).withUnsafeBytes { text.append(contentsOf: $0) }
            try readEscape(at: &offset, into: &text)
            plain = offset
        }
        extracting(plain..<offset).withUnsafeBytes { text.append(contentsOf: $0) }
        offset += 1
        guard let string = String(validating: text, as: UTF8.self) else {
            throw JSONFault(why: "a text is not UTF-8", column: start)
        }
        return string
    }

    /// Behind a backslash.
    private func readEscape(at offset: inout Int, into text: inout [UInt8]) throws(JSONFault) {
        let column = offset
        guard offset < byteCount else {
            throw JSONFault(why: "a text does not end", column: column)
        }
        let letter = byte(at: offset)
        offset += 1
        if letter == UInt8(ascii: "u") {
            let scalar = try readScalar(at: &offset)
            text.append(contentsOf: String(scalar).utf8)
            return
        }
        guard let place = escapes.first(where: { $0.letter == letter }) else {
            throw JSONFault(why: "a backslash stands before what it may not", column: column)
        }
        text.append(place.byte)
    }

    private func readScalar(at offset: inout Int) throws(JSONFault) -> Unicode.Scalar {
        let column = offset
        let high = try readHex(at: &offset)
        if let scalar = Unicode.Scalar(high) { return scalar }
        // Beyond the first plane, two halves make one.
        if 0xD800..<0xDC00 ~= high, offset + 2 <= byteCount, byte(at: offset) == UInt8(ascii: "\\"),
            byte(at: offset + 1) == UInt8(ascii: "u")
        {
            offset += 2
            let low = try readHex(at: &offset)
            if 0xDC00..<0xE000 ~= low,
                let scalar = Unicode.Scalar(0x10000 + (high - 0xD800) << 10 + (low - 0xDC00))
            {
                return scalar
            }
        }
        throw JSONFault(why: "half a character stands alone", column: column)
    }

    private func readHex(at offset: inout Int) throws(JSONFault) -> UInt32 {
        guard offset + 4 <= byteCount else {
            throw JSONFault(why: "a text does not end", column: offset)
        }
        var value: UInt32 = 0
        for place in offset..<offset + 4 {
            guard let digit = Character(Unicode.Scalar(byte(at: place))).hexDigitValue else {
                throw JSONFault(why: "four hexadecimal digits are missing", column: place + 1)
            }
            value = value << 4 | UInt32(digit)
        }
        offset += 4
        return value
    }
}

/// What may stand behind a backslash beside `u`.
private let escapes: [(letter: UInt8, byte: UInt8)] = [
    ("\"", 0x22), ("\\", 0x5C), ("/", 0x2F), ("b", 0x08), ("f", 0x0C), ("n", 0x0A), ("r", 0x0D),
    ("t", 0x09),
].map { (letter: UInt8(ascii: $0.0), byte: $0.1) }
