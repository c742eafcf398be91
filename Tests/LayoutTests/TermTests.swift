import Layout
import Testing

@Suite struct TermTests {
    /// As `term_to_binary` on OTP 26 wrote them.
    @Test(arguments: [
        ("8361ff", Term.integer(255)), ("836200000100", .integer(256)),
        ("8362ffffffff", .integer(-1)),
        ("836e040000000080", .integer(0x8000_0000)), ("836e040101000080", .integer(-0x8000_0001)),
        ("836e06002b10a609a201", .integer(1_795_458_207_787)), ("8377027575", .atom("uu")),
        ("837700", .atom("")),
        ("836d0000000161", .binary([0x61])), ("836a", .list([])),
        ("836c0000000161076a", .list([.integer(7)])),
        ("83680261016102", .tuple([.integer(1), .integer(2)])),
        ("8369000000016101", .tuple([.integer(1)])),
        ("8374000000016101770161", .map([.integer(1): .atom("a")])),
    ])
    func termsAreReadAsErlangWritesThem(_ encoded: String, _ term: Term) throws {
        let bytes = bytes(hex: encoded)
        let read = try Term(decoding: bytes.span.bytes)
        #expect(read == term)
    }

    @Test(arguments: [
        ("", LayoutError.truncated(offset: 0)), ("836d000000056161", .truncated(offset: 6)),
        ("6161", .unexpected(offset: 0, expected: .versionByte)),
        ("8361016a", .unexpected(offset: 3, expected: .endOfTerm)),
        ("836c0000000161076101", .unexpected(offset: 8, expected: .list)),
        ("83ff", .unexpected(offset: 1, expected: .tag)),
        ("836e0900ffffffffffffffff01", .unexpected(offset: 1, expected: .integer)),
        ("83" + String(repeating: "6801", count: 40), .tooDeep(offset: 65)),
        ("8369ffffffff", .truncated(offset: 6)),
        ("837701ff", .unexpected(offset: 1, expected: .atom)),
    ])
    func whatIsNoTermIsRefusedWithItsPlace(_ encoded: String, _ error: LayoutError) {
        let bytes = bytes(hex: encoded)
        #expect(throws: error) { _ = try Term(decoding: bytes.span.bytes) }
    }
}
