/// Typed reading by path. Every error names the key, its line and what would have been right.
extension HOCONValue {
    /// What stands at a dotted path, `nil` if nothing does.
    package func value(at path: String) -> HOCONValue? { entry(at: path)?.value }

    /// The same with its place. Parts of `path` are separated by dots and never quoted.
    package func entry(at path: String) -> HOCONObject.Entry? {
        var found = HOCONObject.Entry(key: "", value: self, position: nil)
        for part in path.split(separator: ".", omittingEmptySubsequences: false) {
            guard case .object(let object) = found.value, let next = object.entry(String(part))
            else {
                return nil
            }
            found = next
        }
        return found
    }

    /// Every value that is not a block, with its dotted path, in the order of the file. Parts that
    /// need quotes have them, so a quoted `"a.b"` is never taken for `a.b`.
    package var leaves: [(path: String, entry: HOCONObject.Entry)] {
        guard case .object(let object) = self else { return [] }
        return object.entries.flatMap { entry -> [(path: String, entry: HOCONObject.Entry)] in
            let key = HOCONValue.key(entry.key)
            guard case .object = entry.value else { return [(key, entry)] }
            return entry.value.leaves.map { ("\(key).\($0.path)", $0.entry) }
        }
    }

    package func string(at path: String) throws(HOCONError) -> String? {
        guard let entry = entry(at: path) else { return nil }
        switch entry.value {
        case .string(let text), .number(let text): return text
        default: throw entry.refusal(path, "text", remedy: "write it in quotes")
        }
    }

    package func bool(at path: String) throws(HOCONError) -> Bool? {
        guard let entry = entry(at: path) else { return nil }
        guard case .bool(let value) = entry.value else {
            throw entry.refusal(path, "a boolean", remedy: "write true or false")
        }
        return value
    }

    package func integer(at path: String) throws(HOCONError) -> Int64? {
        try entry(at: path).map { entry throws(HOCONError) in try entry.integer(path) }
    }

    /// Milliseconds; see `HOCONObject.Entry.duration`.
    package func duration(at path: String) throws(HOCONError) -> Int64? {
        try entry(at: path).map { entry throws(HOCONError) in try entry.duration(path) }
    }

    /// Bytes; see `HOCONObject.Entry.bytes`.
    package func bytes(at path: String) throws(HOCONError) -> Int64? {
        try entry(at: path).map { entry throws(HOCONError) in try entry.bytes(path) }
    }
}

extension HOCONObject.Entry {
    /// A whole number that fits 64 bits.
    package func integer(_ path: String) throws(HOCONError) -> Int64 {
        guard case .number(let text) = value, let number = Int64(text) else {
            throw refusal(path, "a whole number", remedy: "write digits without quotes")
        }
        return number
    }

    /// Milliseconds, as EMQX reads its durations: a plain whole number is milliseconds; a string is
    /// one or more numbers with units (`f`ortnight, `w`, `d`, `h`, `m`, `s`, `ms`), as `"1h30m"`.
    package func duration(_ path: String) throws(HOCONError) -> Int64 {
        if case .number = value, let number = try? integer(path) { return number }
        guard case .string(let text) = value, let time = milliseconds(text) else {
            throw refusal(
                path, "a duration",
                remedy: "write it like \"100ms\", \"10s\", \"5m\", \"1h\" or \"1d\"")
        }
        return time
    }

    /// Bytes, as EMQX reads its `bytesize`: a plain whole number, or a whole number with `B`, `KB`,
    /// `MB` or `GB` (or all small letters), which count in steps of 1024.
    package func bytes(_ path: String) throws(HOCONError) -> Int64 {
        if case .number = value, let number = try? integer(path) { return number }
        guard case .string(let text) = value, let size = byteCount(text) else {
            throw refusal(path, "a size", remedy: "write it like \"64MB\" or as a number of bytes")
        }
        return size
    }

    /// An error about this entry's value. `path` is the whole key, because an entry knows only
    /// its last part.
    package func error(_ sentence: String) -> HOCONError {
        HOCONError(position ?? HOCONPosition(file: "(no file)", line: 1, column: 1), sentence)
    }

    fileprivate func refusal(_ path: String, _ wanted: String, remedy: String) -> HOCONError {
        let shown: String
        switch value {
        case .string, .number, .bool, .null: shown = value.inline
        case .object, .array: shown = value.kind
        }
        return error("`\(path)` has to be \(wanted), not \(shown); \(remedy)")
    }
}

private func milliseconds(_ text: String) -> Int64? {
    let units: [String: Double] = [
        "f": 14 * 86_400_000, "w": 7 * 86_400_000, "d": 86_400_000, "h": 3_600_000, "m": 60_000,
        "s": 1_000, "ms": 1,
    ]
    var rest = text[...]
    var sum = 0.0
    repeat {
        let number = rest.prefix { $0.isASCII && ($0.isNumber || $0 == ".") }
        let unit = rest.dropFirst(number.count).prefix { $0.isASCII && $0.isLetter }
        guard let count = Double(number), let factor = units[unit.lowercased()] else { return nil }
        sum += count * factor
        rest = rest.dropFirst(number.count + unit.count)
    } while !rest.isEmpty
    return Int64(exactly: sum.rounded())
}

private func byteCount(_ text: String) -> Int64? {
    let units: [Substring: Int64] = [
        "B": 1, "b": 1, "KB": 1 << 10, "kb": 1 << 10, "MB": 1 << 20, "mb": 1 << 20, "GB": 1 << 30,
        "gb": 1 << 30,
    ]
    let number = text.prefix { $0.isASCII && $0.isNumber }
    guard let count = Int64(number), let factor = units[text.dropFirst(number.count)] else {
        return nil
    }
    let (size, overflow) = count.multipliedReportingOverflow(by: factor)
    return overflow ? nil : size
}
