/// What is wrong with a trace file or with lines of JSON. Each names the file and the place, and says what
/// to do; all of them are bad input (exit code 2).
package enum TraceError: Error, Equatable, Sendable {
    /// `offset` is in the file; `block` counts from 1.
    case damagedTrace(path: String, block: Int, offset: Int, why: String)
    /// It was made by a later dstune, or its first bytes are damaged.
    case unknownTrace(path: String, why: String)
    /// `line` counts from 1; `field` is empty if it is the line as a whole.
    case badLine(path: String, line: Int, field: String, why: String, remedy: String)
}

extension TraceError: CustomStringConvertible {
    package var description: String {
        switch self {
        case .damagedTrace(let path, let block, let offset, let why):
            "\(path): block \(block) at byte \(offset): \(why); copy the file again"
                + (block > 1
                    ? ", or keep what is before it with `head -c \(offset) \(path) > kept.dstrace`"
                    : "")
        case .unknownTrace(let path, let why):
            "\(path): a trace, but \(why); copy it again, or read it with the dstune that wrote it"
        case .badLine(let path, let line, let field, let why, let remedy):
            "\(path): line \(line): " + (field.isEmpty ? "" : "field \"\(field)\": ")
                + "\(why); \(remedy)"
        }
    }
}
