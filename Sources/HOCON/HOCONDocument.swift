/// A configuration file as a person wants to find it: settings with comments above them.
///
/// A line is live only if `set` or `open` made it. Comment text can hold anything, also line ends,
/// and stays comment.
package struct HOCONDocument: Hashable, Sendable {
    private enum Line: Hashable {
        case setting(path: String, value: HOCONValue)
        case comment(String)
        case open(String)
        case close
        case blank
    }

    private var lines: [Line] = []
    private var depth = 0

    package init() {}

    /// A live line `path = value`, under `comment` if there is one.
    package mutating func set(_ path: String, _ value: HOCONValue, comment: String? = nil) {
        if let comment { self.comment(comment) }
        lines.append(.setting(path: Self.path(path), value: value))
    }

    package mutating func comment(_ text: String) { lines.append(.comment(text)) }

    package mutating func blank() { lines.append(.blank) }

    /// Starts a block; what follows stands inside it until `close()`.
    package mutating func open(_ path: String) {
        lines.append(.open(Self.path(path)))
        depth += 1
    }

    package mutating func close() {
        precondition(depth > 0, "only an open block can be closed")
        lines.append(.close)
        depth -= 1
    }

    /// Whether a broker that reads this finds anything set.
    package var isLive: Bool {
        lines.contains { if case .setting = $0 { true } else { false } }
    }

    /// The text of the file, each line ended by a line feed.
    package func rendered() -> String {
        precondition(depth == 0, "every block has to be closed")
        var text = ""
        var indent = ""
        for line in lines {
            switch line {
            case .setting(let path, let value): text += "\(indent)\(path) = \(value.inline)\n"
            case .open(let path):
                text += "\(indent)\(path) {\n"
                indent += "  "
            case .close:
                indent.removeLast(2)
                text += "\(indent)}\n"
            case .blank: text += "\n"
            case .comment(let comment):
                // Every kind of line end would make the rest of the comment live for some reader.
                for part in comment.split(
                    omittingEmptySubsequences: false, whereSeparator: \.isNewline)
                {
                    text += part.isEmpty ? "\(indent)#\n" : "\(indent)# \(part)\n"
                }
            }
        }
        return text
    }

    private static func path(_ path: String) -> String {
        path.split(separator: ".", omittingEmptySubsequences: false)
            .map { HOCONValue.key(String($0)) }.joined(separator: ".")
    }
}
