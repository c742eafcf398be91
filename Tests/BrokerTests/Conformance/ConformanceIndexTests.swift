import Foundation
import TestSupport
import Testing

/// The index in the documentation and the tests beside this file, held together.
@Suite struct ConformanceIndexTests {
    /// How the statements of MQTT 5.0 are numbered: by section, each from 1, but for one that was removed.
    static let statements: [(section: String, numbers: ClosedRange<Int>)] = [
        ("1.5.4", 1...3), ("1.5.5", 1...1), ("1.5.7", 1...1), ("2.1.3", 1...1), ("2.2.1", 2...6),
        ("2.2.2", 1...1), ("3.1.0", 1...2), ("3.1.2", 1...30), ("3.1.3", 1...12),
        ("3.1.4", 1...6), ("3.2.0", 1...2), ("3.2.2", 1...22), ("3.3.1", 1...13),
        ("3.3.2", 1...20), ("3.3.4", 1...10), ("3.4.2", 1...3), ("3.5.2", 1...3), ("3.6.1", 1...1),
        ("3.6.2", 1...3), ("3.7.2", 1...3), ("3.8.1", 1...1), ("3.8.3", 1...5), ("3.8.4", 1...8),
        ("3.9.2", 1...2), ("3.9.3", 1...2), ("3.10.1", 1...1), ("3.10.3", 1...2),
        ("3.10.4", 1...6), ("3.11.2", 1...2), ("3.11.3", 1...2), ("3.12.4", 1...1),
        ("3.14.0", 1...1), ("3.14.1", 1...1), ("3.14.2", 1...4), ("3.14.4", 1...3),
        ("3.15.1", 1...1), ("3.15.2", 1...3), ("4.1.0", 1...2), ("4.2", 1...1), ("4.3.1", 1...1),
        ("4.3.2", 1...5), ("4.3.3", 1...13), ("4.4.0", 1...2), ("4.5.0", 1...2), ("4.6.0", 1...6),
        ("4.7.0", 1...1), ("4.7.1", 1...2), ("4.7.2", 1...1), ("4.7.3", 1...4), ("4.8.2", 1...6),
        ("4.9.0", 1...3), ("4.12.0", 1...7), ("4.12.1", 1...2), ("4.13.1", 1...1),
        ("4.13.2", 1...1), ("6.0.0", 1...4),
    ]

    private static let folder = Folder.package.appendingPathComponent(
        "Tests/BrokerTests/Conformance")
    private static let page = Folder.package.appendingPathComponent(
        "Sources/Broker/Broker.docc/Conformance.md")

    /// Statement and rule of each test in this folder.
    private func tests() throws -> [(String, String)] {
        let name = /"(MQTT-\d[\d.]*-\d+) ([^"]+)"/
        return try FileManager.default.contentsOfDirectory(atPath: Self.folder.path)
            .filter { $0.hasSuffix(".swift") }
            .flatMap { file in
                try String(contentsOf: Self.folder.appendingPathComponent(file), encoding: .utf8)
                    .matches(of: name).map { (String($0.1), String($0.2)) }
            }
    }

    /// Rows of a table of the page: its first two cells.
    private func rows(under heading: String) throws -> [(String, String)] {
        let text = try String(contentsOf: Self.page, encoding: .utf8)
        let part = text.components(separatedBy: "## \(heading)\n").last ?? ""
        let section = part.components(separatedBy: "\n## ").first ?? ""
        return section.matches(of: /\| (MQTT-[\d.]+-\d+) \| (.+) \|/).map {
            (String($0.1), String($0.2))
        }
    }

    /// Fails if a test is added, renamed or removed and its row is not.
    @Test func everyTestIsInTheIndexAndTheIndexNamesNoOther() throws {
        let tests = try tests().map { "\($0.0) \($0.1)" }
        let rows = try rows(under: "Covered").map { "\($0.0) \($0.1)" }
        #expect(Set(tests).count == tests.count)
        #expect(rows.sorted() == tests.sorted())
    }

    /// Fails if a statement is neither covered nor left out with a reason, or both.
    @Test func everyStatementIsCoveredOrLeftOutWithAReason() throws {
        let all = Self.statements.flatMap { section, numbers in
            numbers.map { "MQTT-\(section)-\($0)" }
        }
        let covered = try rows(under: "Covered").map(\.0)
        let left = try rows(under: "Left out")
        #expect((covered + left.map(\.0)).sorted() == all.sorted())
        #expect(left.allSatisfy { $0.1.count > 10 })
        let text = try String(contentsOf: Self.page, encoding: .utf8)
        #expect(
            text.contains(
                "Of \(all.count) statements, \(covered.count) are covered and \(left.count) are left out"
            ))
    }
}
