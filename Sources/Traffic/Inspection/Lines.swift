/// How the text of an inspection is laid out.

func table(_ rows: [(String, String)]) -> [String] {
    rows.map { name, value in
        "  " + name + String(repeating: " ", count: max(1, 16 - name.count)) + value
    }
}

/// Words in lines of at most 100 characters; the later ones are indented as far as the first.
func wrapped(_ text: String, first: String) -> [String] {
    let indent = String(repeating: " ", count: first.count)
    var lines: [String] = []
    var line = first
    for word in text.split(separator: " ") {
        let isFull = line.count + word.count >= 100
        if isFull, line != first, line != indent {
            lines.append(line)
            line = indent
        }
        if line != first, line != indent { line += " " }
        line += word
    }
    return lines + [line]
}
