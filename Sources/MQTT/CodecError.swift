/// Why bytes are not a packet.
package enum CodecError: Error, Equatable, Sendable {
    /// All is well so far, but at least `needed` more bytes have to arrive.
    case incomplete(needed: Int)
    /// No further byte can help: `rule` is broken by the byte at `offset` of the span that was read.
    case malformed(rule: Rule, offset: Int)
    /// The packet may be correct but has `size` bytes where the caller allows `limit`.
    case tooLarge(size: Int, limit: Int)
}

extension CodecError: CustomStringConvertible {
    package var description: String {
        switch self {
        case .incomplete(let needed): "incomplete, at least \(needed) more bytes needed"
        case .malformed(let rule, let offset):
            "malformed at byte \(offset): \(rule.sentence) [\(rule.rawValue)]"
        case .tooLarge(let size, let limit): "\(size) bytes, more than the limit of \(limit)"
        }
    }
}
