import HOCON
import Testing

/// Files that include each other, from a file system that is a dictionary.
@Suite struct HOCONIncludeTests {
    private static func parse(
        _ files: [String: String], environment: [String: String] = [:]
    ) throws -> HOCONValue {
        let includes = HOCONIncludes { name, _ in
            guard name != "locked" else { return .unreadable("permission denied") }
            guard let text = files[name] else { return .missing }
            return .file(Array(text.utf8), name: name)
        }
        return try HOCONValue(
            parsing: Array((files["main"] ?? "").utf8), file: "main", includes: includes,
            environment: environment)
    }

    struct Case: Sendable, CustomTestStringConvertible {
        let testDescription: String
        let files: [String: String]
        let same: String

        init(_ name: String, _ files: [String: String], _ same: String) {
            (testDescription, self.files, self.same) = (name, files, same)
        }
    }

    static let cases: [Case] = [
        Case("at the top", ["main": "include \"x\"\nb = 2", "x": "a = 1"], "a = 1, b = 2"),
        Case("as a call", ["main": "include file(\"x\"), b = 2", "x": "a = 1"], "a = 1, b = 2"),
        Case("required", ["main": "include required( file(\"x\") )", "x": "{ a = 1 }"], "a = 1"),
        Case(
            "later wins", ["main": "a = 1\ninclude \"x\"\nc = 3", "x": "a = 2, c = 2"],
            "a = 2, c = 3"),
        Case(
            "blocks merge", ["main": "a { b = 1 }\ninclude \"x\"", "x": "a.c = 2"],
            "a { b = 1, c = 2 }"),
        Case("inside a block", ["main": "o { include \"x\" }", "x": "a = 1"], "o.a = 1"),
        Case(
            "substitutions look inside the block first",
            ["main": "a = 5\no.p { include \"x\" }", "x": "a = 1, b = ${a}"],
            "a = 5, o.p { a = 1, b = 1 }"),
        Case(
            "and in the whole document then",
            ["main": "z = 5\no { include \"x\" }", "x": "b = ${z}"], "z = 5, o.b = 5"),
        Case(
            "lists are added to", ["main": "l = [1]\ninclude \"x\"\nl += 3", "x": "l += 2"],
            "l = [1, 2, 3]"),
        Case("what is not there is passed over", ["main": "include \"no\"\na = 1"], "a = 1"),
        Case(
            "twice, side by side", ["main": "include \"x\"\nb { include \"x\" }", "x": "a = 1"],
            "a = 1, b.a = 1"),
        Case("a key of that name", ["main": "include = 1", "x": ""], "include = 1"),
    ]

    @Test(arguments: cases) func includedKeysStandWhereTheIncludeStood(_ given: Case) throws {
        let same = try HOCONValue(parsing: given.same, file: "same")
        #expect(try Self.parse(given.files) == same)
    }

    struct Refusal: Sendable, CustomTestStringConvertible {
        let files: [String: String]
        let place: String
        let says: String
        var testDescription: String { says }
    }

    static let refusals: [Refusal] = [
        Refusal(
            files: ["main": "a = 1\ninclude required(\"no\")"], place: "main:2:1", says: "not there"
        ),
        Refusal(
            files: ["main": "include \"locked\""], place: "main:1:1", says: "permission denied"),
        Refusal(files: ["main": "include \"main\""], place: "main:1:1", says: "includes itself"),
        Refusal(
            files: ["main": "include \"x\"", "x": "\ninclude \"main\""], place: "x:2:1",
            says: "includes itself"),
        Refusal(
            files: ["main": "include \"x\"", "x": "[1]"], place: "main:1:1", says: "is a list"),
        Refusal(
            files: ["main": "include \"x\"", "x": "a = 1\nb ="], place: "x:2:4",
            says: "value is missing"),
        Refusal(files: ["main": "include url(\"x\")"], place: "main:1:1", says: "in quotes"),
        Refusal(
            files: ["main": "include required(\"x\"", "x": ""], place: "main:1:21",
            says: "lacks a `)`"),
    ]

    @Test(arguments: refusals) func whatCannotBeIncludedIsNamed(_ given: Refusal) throws {
        let error = try #require(throws: HOCONError.self) { _ = try Self.parse(given.files) }
        #expect(
            "\(error.position)" == given.place && error.sentence.contains(given.says), "\(error)")
    }

    @Test func chainsAreBounded() throws {
        var files = ["main": "include \"1\""]
        for number in 1...20 { files["\(number)"] = "include \"\(number + 1)\"" }
        let error = try #require(throws: HOCONError.self) { _ = try Self.parse(files) }
        #expect(error.sentence.contains("include each other"))
        let large = "# " + String(repeating: "x", count: 600_000) + "\n"
        let two = try #require(throws: HOCONError.self) {
            _ = try Self.parse(["main": "include \"x\"\ninclude \"y\"", "x": large, "y": large])
        }
        #expect(two.sentence.contains("all files together"))
    }

    @Test func whatNoKeyIsThereForIsLookedForInTheEnvironment() throws {
        let value = try Self.parse(
            ["main": "a = ${PORT}, b = ${?NO}, c = \"x\"${HOME}, PATH = p, d = ${PATH}"],
            environment: ["PORT": "1883", "HOME": "/h", "PATH": "/bin"])
        #expect(
            value
                == (try HOCONValue(parsing: "a = 1883, c = \"x/h\", PATH = p, d = p", file: "same"))
        )
        let error = try #require(throws: HOCONError.self) {
            _ = try Self.parse(["main": "a = ${a}"], environment: ["a": "1"])
        }
        #expect(error.sentence.contains("refers to itself"))
    }
}
