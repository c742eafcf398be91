extension String {
    /// Columns that a terminal or a mail is sure to have room for.
    private static let columns = 100

    /// This line in as many as fit a terminal, broken between words. What follows the first is two columns
    /// further in. A word that is longer than a line, such as a path, stays whole.
    func wrapped() -> [String] {
        guard count > Self.columns else { return [self] }
        let indent = prefix { $0 == " " }
        var lines: [String] = []
        var line = String(indent), isFresh = true
        for word in dropFirst(indent.count).split(separator: " ", omittingEmptySubsequences: false)
        {
            if !isFresh, line.count + 1 + word.count > Self.columns {
                lines.append(line.trimmingTrailingSpaces())
                line = indent + "  "
                isFresh = true
            }
            line += (isFresh ? "" : " ") + word
            isFresh = false
        }
        lines.append(line.trimmingTrailingSpaces())
        return lines
    }

    func trimmingTrailingSpaces() -> String {
        var text = self[...]
        while text.last == " " { text.removeLast() }
        return String(text)
    }
}
