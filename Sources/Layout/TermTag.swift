/// Tags of Erlang's external term format (erts, "External Term Format"), as far as EMQX's rows use them.
enum TermTag: UInt8 {
    case smallInteger = 97
    case integer = 98
    case smallTuple = 104
    case largeTuple = 105
    case null = 106
    case list = 108
    case binary = 109
    case smallBig = 110
    case map = 116
    /// Before OTP 26 every atom is written so, with two length bytes.
    case atom = 100
    /// Since OTP 26 every atom of fewer than 256 bytes is written so.
    case smallAtom = 119

    /// Stands before every outermost term.
    static let version: UInt8 = 131

    var isAtom: Bool { self == .smallAtom || self == .atom }
}
