import HOCON
import Testing

@Suite struct HOCONErrorTests {
    struct Case: Sendable, CustomTestStringConvertible {
        let text: String
        let line: Int
        let column: Int
        let says: String
        var testDescription: String { says }

        init(_ text: String, _ line: Int, _ column: Int, _ says: String) {
            (self.text, self.line, self.column, self.says) = (text, line, column, says)
        }
    }

    static let cases: [Case] = [
        Case("a = 1\ninclude \"x.conf\"", 2, 1, "`include` is not supported"),
        Case("a { include required(file(\"x\")) }", 1, 5, "`include` is not supported"),
        Case("a = 1\nb { c = 2\n", 2, 3, "no closing `}`"),
        Case("a = [1, 2", 1, 5, "no closing `]`"),
        Case("a = \"x\nb = 1", 1, 5, "not closed on its line"),
        Case("a = \"\"\"x\n\n\n", 1, 5, "three quotes"),
        Case("é = \"ü\" = 3", 1, 9, "`=` needs quotes"),
        Case("a b = 1", 1, 3, "after the key `a`"),
        Case("a =\n", 2, 1, "a value is missing"),
        Case("a = , b = 1", 1, 5, "a value is missing"),
        Case("a = 1,, b = 2", 1, 7, "one comma"),
        Case("a..b = 1", 1, 1, "empty part"),
        Case(".a = 1", 1, 1, "a key was expected"),
        Case("a = 0.0.0.0:1883", 1, 12, "`:` needs quotes"),
        Case("a = $x", 1, 5, "`$` needs quotes"),
        Case("a = ${b", 1, 8, "closed by `}`"),
        Case("x = 1\na = ${b.c}", 2, 5, "`${b.c}` is not set"),
        Case("a = ${a}", 1, 5, "`${a}` refers to itself"),
        Case("a = ${b}\nb = ${a}", 2, 5, "`${a}` refers to itself"),
        Case("a { b = ${a} }", 1, 5, "refers to itself"),
        Case("a = \"\\x\"", 1, 6, "escape"),
        Case("a = \"\\ud800\"", 1, 6, "surrogate"),
        Case("a = {x = 1} 5", 1, 5, "side by side"),
        Case("a = 5 {x = 1}", 1, 7, "side by side"),
        Case("b = 5\na = ${b} {x = 1}", 2, 1, "cannot be joined"),
        Case("b = [1]\na = x ${b}", 2, 1, "cannot be joined"),
        Case("a = 1\na += 2", 2, 1, "`+=` adds to a list"),
        Case("a = 1 }", 1, 7, "before `}`"),
        Case("{ a = 1 } b", 1, 11, "the document ends"),
    ]

    @Test(arguments: cases) func errorNamesItsPlace(_ given: Case) throws {
        let error = try #require(throws: HOCONError.self) {
            try HOCONValue(parsing: given.text, file: "emqx.conf")
        }
        #expect(error.sentence.contains(given.says), "\(error)")
        #expect("\(error.line):\(error.column)" == "\(given.line):\(given.column)", "\(error)")
        #expect(error.description.hasPrefix("emqx.conf:\(given.line):\(given.column): "))
    }

    @Test(arguments: ["{", "[", "a{", "a.", "a=[", "x=[{"]) func nestingIsBounded(_ opening: String)
    {
        let text = String(repeating: opening, count: 100_000)
        #expect(throws: HOCONError.self) { try HOCONValue(parsing: text, file: "deep") }
    }

    @Test func nestingWithinTheBoundIsRead() throws {
        let text = String(repeating: "a {", count: 60) + String(repeating: "}", count: 60)
        #expect(try HOCONValue(parsing: text, file: "deep").printed().contains("a = {}"))
    }

    /// Each line doubles the one before: 2^40 elements, if nobody stopped it.
    @Test func growthOfSubstitutionsIsBounded() throws {
        let lists =
            "a0 = [1]\n" + (1...40).map { "a\($0) = ${a\($0 - 1)} ${a\($0 - 1)}\n" }.joined()
        let error = try #require(throws: HOCONError.self) {
            try HOCONValue(parsing: lists, file: "f")
        }
        #expect(error.sentence.contains("grow beyond any use"))
    }

    @Test func chainsOfSubstitutionsAreBounded() throws {
        let chain = (1...5_000).map { "a\($0) = ${a\($0 + 1)}\n" }.joined() + "a5001 = 1"
        let error = try #require(throws: HOCONError.self) {
            try HOCONValue(parsing: chain, file: "f")
        }
        #expect(error.sentence.contains("too deep"))
    }

    @Test func chainsOfLongPathsAreBounded() throws {
        let path = Array(repeating: "k", count: 60).joined(separator: ".")
        let chain = (1...1_000).map { "a\($0).\(path) = ${a\($0 + 1).\(path)}\n" }.joined()
        let error = try #require(throws: HOCONError.self) {
            try HOCONValue(parsing: chain + "a1001.\(path) = 1", file: "f")
        }
        #expect(error.sentence.contains("too deep"))
    }

    @Test func sizeIsBounded() {
        #expect(throws: HOCONError.self) {
            try HOCONValue(parsing: [UInt8](repeating: 0x20, count: (1 << 20) + 1), file: "f")
        }
    }

    @Test func textThatIsNoUTF8IsRefused() {
        #expect(throws: HOCONError.self) { try HOCONValue(parsing: [0x61, 0x3D, 0xFF], file: "f") }
    }

    /// A few hundred kilobytes in the shapes that quadratic code would choke on.
    @Test(
        .timeLimit(.minutes(1)),
        arguments: [
            "a.b.k = 1, ", "a = 1, ", "a += 1, ", "[1],", "a = ${?b} x, ", "# x\n", "\"\" = x,",
        ]) func longDocumentsAreReadInTime(_ unit: String)
    {
        let text = String(repeating: unit, count: 20_000)
        _ = try? HOCONValue(parsing: text.hasPrefix("[") ? "[\(text)]" : text, file: "long")
    }
}
