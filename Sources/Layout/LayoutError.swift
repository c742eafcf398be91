/// Why stored bytes are not what EMQX writes. Offsets count from the start of the span that was read.
package enum LayoutError: Error, Equatable, Sendable {
    /// The bytes end inside the field that starts at `offset`.
    case truncated(offset: Int)
    /// What stands at `offset` is not `expected`.
    case unexpected(offset: Int, expected: Expectation)
    /// Terms are nested deeper than anything that EMQX writes.
    case tooDeep(offset: Int)
    /// The trie has no such stream.
    case unknownStream(StreamID)
    /// The varying part of a message does not have as many tokens as its stream has varying levels.
    case varyingLevels(StreamID)

    package enum Expectation: String, Sendable {
        case versionByte = "the version byte 131"
        case tag = "a tag of the external term format that EMQX uses"
        case tuple = "a tuple of the right size"
        case binary = "a binary"
        case atom = "an atom in UTF-8"
        case boolean = "true or false"
        case integer = "an integer in range"
        case map = "a map"
        case list = "a proper list"
        case endOfTerm = "the end of the bytes"
        case trieRow = "a row of the trie column family"
        case streamID = "a binary of 8 bytes"
        case topicLevel = "one level of a topic name"
        case qos = "a QoS from 0 to 2"
        case property = "a PUBLISH property"
        case choice = "a choice that EMQX's schema has"
        case endOfMessage = "the end of the message"
        case key = "a key of the data column family"
    }
}

extension LayoutError: CustomStringConvertible {
    package var description: String {
        switch self {
        case .truncated(let offset): "the bytes end inside the field at byte \(offset)"
        case .unexpected(let offset, let expected):
            "expected \(expected.rawValue) at byte \(offset)"
        case .tooDeep(let offset): "terms nested too deeply at byte \(offset)"
        case .unknownStream(let stream): "the trie has no stream \(stream)"
        case .varyingLevels(let stream): "a varying part that does not fit stream \(stream)"
        }
    }
}
