/// A place in a configuration file, counted from 1. Columns count characters, not bytes.
package struct HOCONPosition: Hashable, Sendable {
    package let file: String
    package let line: Int
    package let column: Int

    package init(file: String, line: Int, column: Int) {
        self.file = file
        self.line = line
        self.column = column
    }
}

extension HOCONPosition: CustomStringConvertible {
    package var description: String { "\(file):\(line):\(column)" }
}

/// What is wrong in a configuration file, where, and what to do about it, in one sentence.
package struct HOCONError: Error, Hashable, Sendable {
    package let position: HOCONPosition
    package let sentence: String

    package init(_ position: HOCONPosition, _ sentence: String) {
        self.position = position
        self.sentence = sentence
    }

    package var file: String { position.file }
    package var line: Int { position.line }
    package var column: Int { position.column }
}

extension HOCONError: CustomStringConvertible {
    package var description: String { "\(position): \(sentence)" }
}
