import Report
import Testing

@Suite struct MarkdownTests {
    @Test(arguments: [
        ("a|b", "a\\|b"), ("<script>", "&lt;script&gt;"), ("a_b*c", "a\\_b\\*c"),
        ("line\nbreak", "line break"), ("[x](y)", "\\[x\\](y)"), ("a & b", "a &amp; b"),
        ("back\\slash|", "back\\\\slash\\|"),
    ])
    func textStaysText(_ text: String, _ escaped: String) {
        #expect(Markdown.escaped(text) == escaped)
    }

    @Test(arguments: [("a", "`a`"), ("a`b", "`` a`b ``"), ("``", "``` `` ```")])
    func codeHoldsAnyText(_ text: String, _ code: String) {
        #expect(Markdown.code(text) == code)
    }

    @Test func cellCannotEndItsCell() {
        let table = Markdown.table(
            ["a", "b"], [[Markdown.escaped("x|y"), Markdown.code("p|q")], ["1\n2", "\\\\|"]],
            numeric: [1])
        #expect(
            table == "| a | b |\n| --- | ---: |\n| x\\|y | `p\\|q` |\n| 1 2 | \\\\\\| |\n")
    }

    @Test func blockHoldsItsOwnFence() {
        #expect(Markdown.block("```\nx\n```") == "````\n```\nx\n```\n````\n")
    }
}

@Suite struct SamplesTests {
    @Test func columnsAreFoundByName() throws {
        let samples = try Samples(
            parsing: "seconds\tstall_s\n0\t0\n1\t0.5\n3\t0.7\n3\t", name: "samples.tsv")
        #expect(samples.column("stall_s") == [0, 0.5, 0.7])
        #expect(samples.column("nothing") == nil)
        let rates = try #require(samples.rate(of: "stall_s"))
        #expect(rates.map(\.seconds) == [1, 3])
        #expect(abs(rates[1].value - 0.1) < 1e-12)
    }

    @Test(arguments: ["seconds\tx\n1\n", "seconds\n1\n\n", "seconds\nx\n"])
    func damagedLineIsNamed(_ text: String) {
        let error = #expect(throws: SamplesError.self) {
            try Samples(parsing: text, name: "samples.tsv")
        }
        #expect("\(error, default: "")".hasPrefix("samples.tsv:"))
    }

    @Test(arguments: ["", "seconds"]) func trialThatWroteNothingHasNoSamples(_ text: String) {
        let error = #expect(throws: SamplesError.self) { try Samples(parsing: text, name: "s") }
        #expect(error?.line == 1)
    }
}
