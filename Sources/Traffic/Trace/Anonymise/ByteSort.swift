/// What sort of byte it is, where bytes of payloads stand for each other: figures stand among figures in a text,
/// and compress as such. Of other data nothing is known.
enum ByteSort: Int, CaseIterable {
    /// The grammar of a text.
    case sign
    case figure, small, capital, foreign
    /// Of what is no text.
    case any

    init(_ byte: UInt8, isText: Bool) {
        guard isText else {
            self = .any
            return
        }
        self =
            switch byte {
            case 0x30..<0x3A: .figure
            case 0x61..<0x7B: .small
            case 0x41..<0x5B: .capital
            case 0x80...: .foreign
            default: .sign
            }
    }
}
