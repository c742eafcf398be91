/// RocksDB's spelling of options: `name=value;…`, where a value may be a group in braces.
package enum OptionText {
    /// One level deep: a group stays one value, without its outer braces.
    package static func parse(_ text: String) -> [String: String] {
        var options: [String: String] = [:]
        var depth = 0
        var item = ""
        for character in text + ";" {
            switch character {
            case "{": depth += 1
            case "}": depth -= 1
            default: break
            }
            if character == ";", depth == 0 {
                if let equals = item.firstIndex(of: "=") {
                    let name = item[..<equals].drop { $0 == " " }
                    var value = item[item.index(after: equals)...]
                    if value.hasPrefix("{"), value.hasSuffix("}") {
                        value = value.dropFirst().dropLast()
                    }
                    options[String(name)] = String(value)
                }
                item = ""
            } else {
                item.append(character)
            }
        }
        return options
    }

    package static func print(_ options: [(name: String, value: String)]) -> String {
        options.map { "\($0.name)=\($0.value)" }.joined(separator: ";")
    }

    /// Whether two spellings are the same value: `10` and `10.000000`, `1` and `true`.
    package static func means(_ a: String, _ b: String) -> Bool {
        if a == b { return true }
        let words = ["true": "1", "false": "0"]
        if let a = Int64(words[a] ?? a), let b = Int64(words[b] ?? b) { return a == b }
        if let a = Double(a), let b = Double(b) { return a == b }
        return false
    }
}
