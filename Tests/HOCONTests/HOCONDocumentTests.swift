import HOCON
import Measure
import Testing

@Suite struct HOCONDocumentTests {
    @Test func documentIsWrittenWithCommentsAboveItsLines() throws {
        var document = HOCONDocument()
        document.comment("written by hand\n\nin two parts")
        document.blank()
        document.open("a.b")
        document.set("c", .string("64MB"), comment: "from 32MB")
        document.close()
        document.set("d.e", .integer(7))
        #expect(
            document.rendered() == """
                # written by hand
                #
                # in two parts

                a.b {
                  # from 32MB
                  c = "64MB"
                }
                d.e = 7

                """)
        #expect(document.isLive)
    }

    /// Whatever ends a line for our parser or for EMQX's scanner must not end a comment.
    @Test(arguments: ["\n", "\r", "\r\n", "\u{2028}", "\u{2029}", "\u{85}", "\u{B}", "\u{C}"])
    func commentNeverBecomesALiveLine(_ end: String) throws {
        var document = HOCONDocument()
        document.comment("harmless\(end)rocksdb = 1\(end)\(end)x { y = 2 }")
        document.set("a", .integer(1), comment: "b\(end)c = 2")
        let value = try HOCONValue(parsing: document.rendered(), file: "f")
        #expect(value.leaves.map(\.path) == ["a"])
        for line in document.rendered().split(whereSeparator: \.isNewline) {
            #expect(line.hasPrefix("#") || line == "a = 1")
        }
    }
}
