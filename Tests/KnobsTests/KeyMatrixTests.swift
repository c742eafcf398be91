import Foundation
import HOCON
import Knobs
import Testing

/// The tables against what EMQX's own schemas answered to one key at a time.
///
/// The measured answers live beside the project, not in it: where they are absent, there is
/// nothing to compare with and the suite is skipped.
@Suite(
    .enabled(if: FileManager.default.fileExists(atPath: KeyMatrix.folder), "no key matrix beside"))
struct KeyMatrixTests {
    @Test(arguments: KeyMatrix.builds)
    func verdictIsWhatTheSchemaAnswered(_ file: String, _ version: String, _ edition: String?)
        throws
    {
        let dialect = try Dialect.find(version: version, edition: edition)
        let lines = try KeyMatrix.lines(of: file)
        #expect(lines.count > 50)
        for line in lines {
            let leaves = try HOCONValue(parsing: line.setting, file: file).leaves
            // An object on one line is as acceptable as the worst of its keys.
            let answers = leaves.compactMap { leaf -> KeyMatrix.Answer? in
                switch dialect.verdict(of: leaf.path, value: leaf.entry.value) {
                case .live?, .ignored?: .accepted
                case .dropped?: .dropped
                case .rejected?: .rejected
                case nil: nil
                }
            }
            #expect(answers.count == leaves.count, "\(line.setting)")
            #expect(answers.max() == line.answer, "\(file): \(line.setting)")
        }
    }

    /// Every knob at every value that is searched: a line that we write is one that the schema took.
    @Test(arguments: KeyMatrix.builds)
    func noLineIsWrittenThatTheSchemaRefusedOrDropped(
        _ file: String, _ version: String, _ edition: String?
    ) throws {
        let dialect = try Dialect.find(version: version, edition: edition)
        var answers: [String: KeyMatrix.Answer] = [:]
        for line in try KeyMatrix.lines(of: file) {
            for leaf in try HOCONValue(parsing: line.setting, file: file).leaves {
                answers[leaf.path] = max(answers[leaf.path] ?? .accepted, line.answer)
            }
        }
        var compared = 0
        for knob in Knob.catalogue {
            for value in knob.range.values {
                let document = dialect.emqxConf(
                    from: Setting(), to: Setting([knob.id: value]), header: [], newDatabase: true)
                for leaf in try HOCONValue(parsing: document.rendered(), file: file).leaves {
                    #expect(
                        dialect.verdict(of: leaf.path, value: leaf.entry.value) == .live,
                        "\(leaf.path)")
                    guard let answer = answers[leaf.path] else { continue }
                    // The matrix also tries names that no version has.
                    let choice = dialect.key(leaf.path)?.values != nil
                    #expect(answer == .accepted || choice, "\(file): \(leaf.path)")
                    compared += 1
                }
            }
        }
        #expect(compared > 4)
    }

    /// Where EMQX turned a size or a duration into a number, we read the same number.
    @Test(arguments: KeyMatrix.builds)
    func unitsAreReadAsTheSchemaReadsThem(_ file: String, _ version: String, _ edition: String?)
        throws
    {
        var compared = 0
        for line in try KeyMatrix.lines(of: file) {
            guard let number = Int64(line.rest.dropFirst(3)), line.rest.hasPrefix("OK "),
                let leaf = try HOCONValue(parsing: line.setting, file: file).leaves.first,
                case .string(let text) = leaf.entry.value
            else { continue }
            let read =
                text.hasSuffix("B")
                ? try leaf.entry.bytes(leaf.path) : try leaf.entry.duration(leaf.path)
            #expect(read == number, "\(line.setting)")
            compared += 1
        }
        #expect(compared > 4)
    }

    @Test func everyBuildIsCompared() throws {
        let files = try FileManager.default.contentsOfDirectory(atPath: KeyMatrix.folder)
        let known = Set(KeyMatrix.builds.map(\.0)).union(["HEAD.txt"])
        #expect(Set(files) == known, "HEAD is no version that an operator can name")
    }
}

enum KeyMatrix {
    enum Answer: Comparable { case accepted, dropped, rejected }

    static let folder = URL(filePath: #filePath).deletingLastPathComponent()
        .deletingLastPathComponent().deletingLastPathComponent()
        .appending(path: "../shared/golden/emqx-key-matrix").standardizedFileURL.path

    static let builds: [(String, String, String?)] = [
        ("v5.8.9-ce.txt", "5.8.9", "ce"), ("v5.8.9-ee.txt", "5.8.9", "ee"),
        ("e5.9.2.txt", "5.9.2", nil), ("e5.10.4.txt", "5.10.4", nil), ("e6.0.0.txt", "6.0.0", nil),
        ("e6.0.1.txt", "6.0.1", nil), ("6.0.3.txt", "6.0.3", nil), ("6.1.0.txt", "6.1.0", nil),
        ("6.2.0.txt", "6.2.0", nil),
    ]

    /// `setting ==> OK value`, `==> IGNORED …` or `==> REJECT reason`.
    static func lines(of file: String) throws -> [(setting: String, answer: Answer, rest: String)] {
        let text = try String(contentsOfFile: "\(folder)/\(file)", encoding: .utf8)
        return try text.split(separator: "\n").filter { !$0.hasPrefix("@@") }.map { line in
            let arrow = try #require(line.range(of: " ==> "))
            let rest = String(line[arrow.upperBound...])
            let answers: [(String, Answer)] = [
                ("OK", .accepted), ("IGNORED", .dropped), ("REJECT", .rejected),
            ]
            let answer = try #require(answers.first { rest.hasPrefix($0.0) }?.1, "\(line)")
            return (String(line[..<arrow.lowerBound]), answer, rest)
        }
    }
}
