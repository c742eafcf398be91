import Advisor
import Foundation
import Measure
import Report
import Study
import StudyFixtures
import TestSupport
import Testing

@Suite struct ReportTests {
    private let scratch = ScratchDirectory()
    private var directory: StudyDirectory { StudyDirectory(scratch.path) }

    static let hasGnuplot = ["/usr/bin/gnuplot", "/usr/local/bin/gnuplot"]
        .contains { FileManager.default.isExecutableFile(atPath: $0) }

    private func writeSamples(_ input: ReportInput) throws {
        for record in input.records {
            try FileManager.default.createDirectory(
                atPath: directory.trial(record.number), withIntermediateDirectories: true)
            let text = FabricatedStudy.samples(stalls: record.planned.role == .control ? 0.8 : 0.2)
            try Data(text.utf8).write(
                to: URL(fileURLWithPath: directory.samples(of: record.number)))
        }
    }

    /// To accept a change on purpose, run the tests with RECORD_GOLDEN=1 and read the diff.
    @Test(arguments: [("gain", true, true), ("no-gain", false, true), ("unfinished", true, false)])
    func reportReadsAsItsGoldenFile(_ name: String, _ gain: Bool, _ finished: Bool) throws {
        let input = FabricatedStudy.input(gain: gain, finished: finished)
        let files = ConfigurationFiles(input.recommendation, plan: input.plan, date: input.date)
        let plots = Plot.all(input, samples: [:])
        let text = ReportDocument.markdown(input, files: files, plots: plots)
        let golden = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
            .appendingPathComponent("Golden/\(name).md")
        if ProcessInfo.processInfo.environment["RECORD_GOLDEN"] != nil {
            try Data(text.utf8).write(to: golden)
        }
        let expected = try String(contentsOf: golden, encoding: .utf8)
        // The first line that differs: after it everything may be shifted.
        if let (number, (mine, theirs)) = zip(text.lines, expected.lines).enumerated()
            .first(where: { $0.element.0 != $0.element.1 })
        {
            #expect(mine == theirs, "\(name).md, line \(number + 1)")
        }
        #expect(text.lines.count == expected.lines.count)
    }

    /// A row with another number of cells is dropped or shifted by every renderer.
    @Test(arguments: [true, false]) func everyTableRowHasAsManyCellsAsItsHeader(_ gain: Bool) {
        let input = FabricatedStudy.input(gain: gain)
        let files = ConfigurationFiles(input.recommendation, plan: input.plan, date: input.date)
        let text = ReportDocument.markdown(input, files: files, plots: [])
        var cells: Int?
        var tables = 0
        for line in text.lines {
            guard line.hasPrefix("|") else { cells = nil; continue }
            let count = line.replacing("\\|", with: "").count { $0 == "|" }
            if cells == nil { tables += 1 }
            #expect(cells == nil || cells == count, "\(line)")
            cells = count
        }
        #expect(tables >= 8)
    }

    @Test func missingPlotProgramCostsOnlyThePlots() async throws {
        let input = FabricatedStudy.input()
        let writer = ReportWriter(directory, gnuplot: "gnuplot-that-is-not-there")
        let error = await #expect(throws: ReportError.self) { try await writer.write(input) }
        #expect(
            error
                == .plotProgramMissing(
                    program: "gnuplot-that-is-not-there", study: directory.path))
        #expect("\(error, default: "")".contains("dstune report \(directory.path)"))
        let written = [
            "report.md", "emqx.conf", "emqx-style.conf", "rollback.conf", "results.json",
        ]
        for name in written {
            let data = FileManager.default.contents(atPath: "\(directory.path)/\(name)")
            #expect(data?.isEmpty == false, "\(name)")
        }
    }

    @Test(.enabled(if: hasGnuplot, "gnuplot is a Debian package that not every machine has"))
    func plotsAreDrawnAsPicturesThatStandAlone() async throws {
        let input = FabricatedStudy.input()
        try writeSamples(input)
        let written = try await ReportWriter(directory).write(input)
        #expect(written.first == directory.path + "/report.md")
        let report = try String(contentsOfFile: directory.path + "/report.md", encoding: .utf8)
        for name in ["latency", "timeline", "knobs"] {
            #expect(report.contains("(plots/\(name).svg)"))
            let svg = try String(contentsOfFile: "\(directory.plots)/\(name).svg", encoding: .utf8)
            #expect(
                svg.hasPrefix("<?xml") && svg.hasSuffix("</svg>\n\n") || svg.hasSuffix("</svg>\n"))
            #expect(!svg.contains("xlink:href=\"http") && !svg.contains("<script"), "\(name)")
        }
    }

    @Test func plotWithoutASeriesIsLeftOutAndTheOthersStay() {
        let input = FabricatedStudy.input()
        #expect(Plot.all(input, samples: [:]).map(\.name) == ["latency", "knobs"])
    }

    @Test func resultsAreJSONWithTheDocumentedKeys() throws {
        let input = FabricatedStudy.input()
        let json = ResultsDocument(input).json
        let parsed = try JSONSerialization.jsonObject(with: Data(json.utf8))
        let root = try #require(parsed as? [String: Any])
        #expect(
            root.keys.sorted() == [
                "format", "study", "traffic", "trials", "verdict", "written_at_ms",
            ])
        let verdict = try #require(root["verdict"] as? [String: Any])
        #expect(verdict["recommendation"] as? String == "change")
        let reachable = try #require(verdict["reachable"] as? [String: Any])
        let interval = try #require(reachable["interval"] as? [String: Any])
        #expect(interval.keys.sorted() == ["high", "low", "pairs", "ratio"])
        let trials = try #require(root["trials"] as? [[String: Any]])
        #expect(trials.count == input.records.count)
        #expect(trials[3]["failure"] as? String == "killed by signal 11")
        let values = try #require(trials[0]["values"] as? [String: Double])
        #expect(values[Metric.objective] != nil)
        let setting = try #require(trials[0]["setting"] as? [String: Int])
        #expect(setting["local_write_buffer.flush_interval"] != nil)
    }

    @Test func filesBelongToTheirOwnerAlone() async throws {
        let writer = ReportWriter(directory, gnuplot: "gnuplot-that-is-not-there")
        _ = try? await writer.write(FabricatedStudy.input())
        let attributes = try FileManager.default
            .attributesOfItem(atPath: directory.path + "/report.md")
        #expect(attributes[.posixPermissions] as? Int == 0o600)
    }
}

extension String {
    fileprivate var lines: [Substring] { split(separator: "\n", omittingEmptySubsequences: false) }
}
