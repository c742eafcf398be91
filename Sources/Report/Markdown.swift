/// Markdown as text that cannot break out of its place.
package enum Markdown {
    /// Text in a sentence or a cell: what Markdown or HTML would read as markup is shown as it is.
    package static func escaped(_ text: String) -> String {
        var safe = ""
        for character in text {
            switch character {
            case "&": safe += "&amp;"
            case "<": safe += "&lt;"
            case ">": safe += "&gt;"
            case "\\", "`", "*", "_", "[", "]", "|", "#", "~", "$": safe += "\\\(character)"
            case _ where character.isNewline: safe += " "
            default: safe.append(character)
            }
        }
        return safe
    }

    /// Text as code. In a table a `|` ends the cell even inside code, so it is escaped there by `table`.
    package static func code(_ text: String) -> String {
        let line = String(text.map { $0.isNewline ? " " : $0 })
        var longest = 0
        var run = 0
        for character in line {
            run = character == "`" ? run + 1 : 0
            longest = max(longest, run)
        }
        let fence = String(repeating: "`", count: longest + 1)
        return longest == 0 ? "\(fence)\(line)\(fence)" : "\(fence) \(line) \(fence)"
    }

    /// A fenced block, whatever the text holds.
    package static func block(_ text: String) -> String {
        var fence = "```"
        while text.contains(fence) { fence += "`" }
        return "\(fence)\n\(text)\n\(fence)\n"
    }

    /// - Parameters:
    ///   - header: cells that are Markdown already, as are those of the rows.
    ///   - numeric: columns to align right.
    package static func table(
        _ header: [String], _ rows: [[String]], numeric: Set<Int> = []
    ) -> String {
        precondition(rows.allSatisfy { $0.count == header.count })
        let rule = header.indices.map { numeric.contains($0) ? "---:" : "---" }
        return ([header, rule] + rows).map { row in
            "| " + row.map(cell).joined(separator: " | ") + " |\n"
        }.joined()
    }

    private static func cell(_ text: String) -> String {
        var safe = ""
        var backslashes = 0
        for character in text {
            if character == "|", backslashes.isMultiple(of: 2) { safe += "\\" }
            backslashes = character == "\\" ? backslashes + 1 : 0
            safe.append(character.isNewline ? " " : character)
        }
        return safe
    }
}
