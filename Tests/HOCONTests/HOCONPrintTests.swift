import HOCON
import Measure
import Testing

@Suite struct HOCONPrintTests {
    @Test func printedFormIsFixed() throws {
        let text =
            "b.c.d = 1, b.x = [a, \"b c\", {k = \"\"}], \"1a\" = \"true\", e {}, f = \"x\\ny\""
        #expect(
            try HOCONValue(parsing: text, file: "f").printed() == #"""
                b {
                  c {
                    d = 1
                  }
                  x = [a, "b c", { k = "" }]
                }
                "1a" = "true"
                e = {}
                f = "x\ny"

                """#)
    }

    /// Values of every shape, with text made of what could be mistaken for syntax.
    private func random(_ depth: Int, using seed: inout Seed) -> HOCONValue {
        let alphabet = Array("ab1 .\"\\#/{}[]$=:,+\n\r\té😀\u{2028}\u{85}\u{0}-_@%")
        func text(_ seed: inout Seed) -> String {
            let words = ["true", "null", "include", "1.5", "", "10s", "${a}", "\"\"\""]
            if Bool.random(using: &seed) { return words.randomElement(using: &seed) ?? "" }
            return String(
                (0..<Int.random(in: 0...6, using: &seed)).map { _ in
                    alphabet.randomElement(using: &seed) ?? "a"
                })
        }
        switch Int.random(in: 0...(depth > 0 ? 7 : 4), using: &seed) {
        case 0: return .null
        case 1: return .bool(Bool.random(using: &seed))
        case 2: return .number(["0", "-1.50", "1e9", "17"].randomElement(using: &seed) ?? "0")
        case 3, 4: return .string(text(&seed))
        case 5:
            return .array(
                (0..<Int.random(in: 0...3, using: &seed)).map { _ in
                    random(depth - 1, using: &seed)
                })
        default:
            var object = HOCONObject()
            for _ in 0..<Int.random(in: 0...4, using: &seed) {
                object.set(text(&seed), random(depth - 1, using: &seed), at: nil)
            }
            return .object(object)
        }
    }

    @Test func printedTextReadsBackAsTheSameValue() throws {
        let root: UInt64 = 20_240_611
        for round in 0..<2_000 {
            var seed = Seed(root).branch("\(round)")
            var object = HOCONObject()
            object.set("root", random(4, using: &seed), at: nil)
            let value = HOCONValue.object(object)
            let back = try HOCONValue(parsing: value.printed(), file: "round \(round)")
            #expect(back == value, "seed \(root), round \(round):\n\(value.printed())")
        }
    }

    /// Bytes changed, dropped and doubled at random: a value or an error, never a trap.
    @Test func damagedTextNeverCrashes() {
        let text = """
            a.b { c = "x\\u00e9", d = [1, ${?e} "y"], f += 3 } # end
            "q.r" = ${a.b} { s = \"\"\"t\"\"\" }, u = 64MB\n v : -1.5e+3 // z
            """
        let root: UInt64 = 77
        for round in 0..<3_000 {
            var seed = Seed(root).branch("\(round)")
            var bytes = Array(text.utf8)
            for _ in 0..<Int.random(in: 1...6, using: &seed) {
                let place = Int.random(in: 0..<bytes.count, using: &seed)
                switch Int.random(in: 0...3, using: &seed) {
                case 0: bytes[place] = UInt8.random(in: 0...255, using: &seed)
                case 1:
                    bytes[place] =
                        Array("{}[]\"$=:,+.\\#/\n").map { $0.asciiValue ?? 0 }
                        .randomElement(using: &seed) ?? 0
                case 2: bytes.remove(at: place)
                default: bytes.insert(contentsOf: bytes[place...].prefix(9), at: place)
                }
            }
            if let value = try? HOCONValue(parsing: bytes, file: "f") {
                let back = try? HOCONValue(parsing: value.printed(), file: "f")
                #expect(back == value, "seed \(root), round \(round)")
            }
        }
    }
}
