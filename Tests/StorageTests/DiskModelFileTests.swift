import Foundation
import HOCON
import Measure
import Storage
import TestSupport
import Testing

/// Disk models as files: what is shipped, what is written, and what is wrong in them.
@Suite struct DiskModelFileTests {
    static let shipped = ["gp3-like", "nvme", "sata-ssd", "slow-network-volume"]

    private func model(_ text: String) throws(HOCONError) -> DiskModel {
        try DiskModel(reading: HOCONValue(parsing: text, file: "d.conf"), file: "d.conf")
    }

    private func text(of name: String) throws -> String {
        try String(
            contentsOf: Folder.package.appendingPathComponent("Profiles/disks/\(name).conf"),
            encoding: .utf8)
    }

    @Test func allThatAreShippedAreTested() throws {
        let files = try FileManager.default.contentsOfDirectory(
            atPath: Folder.package.appendingPathComponent("Profiles/disks").path)
        #expect(files.sorted() == Self.shipped.map { $0 + ".conf" })
    }

    @Test(arguments: shipped) func aShippedModelIsReadAndNamesItsSource(_ name: String) throws {
        let text = try text(of: name)
        let model = try model(text)
        #expect(model.name == name)
        #expect(!model.source.isEmpty)
        #expect(text.contains("estimate"), "what is a guess says so")
    }

    @Test(arguments: shipped) func whatIsWrittenReadsBack(_ name: String) throws {
        var model = try model(text(of: name))
        #expect(try self.model(model.rendered(remarks: ["a remark"])) == model)
        model.fsync = LatencyDistribution(
            measured: [1, 999, 1_000, 1_001, 123_456].map { Nanoseconds($0) })
        model.pageCache.copy = Bytes(12_345)
        #expect(try self.model(model.rendered()) == model)
    }

    @Test func creditsAreRead() throws {
        let model = try model(text(of: "slow-network-volume"))
        #expect(
            model.operations
                == DiskModel.OperationRate(sustained: 300, burst: 3_000, credit: 5_400_000))
        #expect(model.write.burst == model.write.sustained)
        #expect(model.fsync.time(at: 0.99) == .microseconds(2_671))
    }

    /// A line of a good file, what somebody wrote instead, and what has to be said of it.
    struct Mistake: CustomTestStringConvertible, Sendable {
        let line: String
        let instead: String
        let said: [String]
        var testDescription: String { instead }
    }

    static let mistakes = [
        Mistake(
            line: "queue_depth = 64", instead: "queue_dept = 64",
            said: ["queue_dept`", "queue_depth`"]),
        Mistake(
            line: "queue_depth = 64", instead: "queue_depth = 0", said: ["0", "from 1 to 65536"]),
        Mistake(line: "queue_depth = 64", instead: "queue_depth = many", said: ["a whole number"]),
        Mistake(
            line: "request_size = \"256KB\"", instead: "request_size = 1", said: ["at least 512"]),
        Mistake(line: "request_size = \"256KB\"", instead: "request_size = big", said: ["a size"]),
        Mistake(line: "name = gp3-like", instead: "name = { a = 1 }", said: ["`name.a`"]),
        Mistake(line: "  per_second = 3000", instead: "  per_second = 0", said: ["per_second"]),
        Mistake(
            line: "  per_second = 3000", instead: "  per_second = 30, burst_per_second = 20",
            said: ["burst_per_second", "from 30"]),
        Mistake(
            line: "  dirty_background = \"800MB\"", instead: "  dirty_background = \"1700MB\"",
            said: ["dirty_background", "at most"]),
        Mistake(
            line: "  dirty_expire = \"30s\"", instead: "  dirty_expire = soon", said: ["a duration"]
        ),
        Mistake(
            line: "fsync_us = { min = 327, p50 = 660", instead: "fsync_us = { min = 700, p50 = 660",
            said: ["fsync_us.p50", "ascending"]),
        Mistake(
            line: "fsync_us = { min = 327, p50 = 660",
            instead: "fsync_us = { min = 327, p50 = fast",
            said: ["fsync_us.p50", "microseconds"]),
        Mistake(
            line: "fsync_us = { min = 327, p50 = 660", instead: "fsync_us = { min = 327, p55 = 660",
            said: ["fsync_us.p55", "fsync_us.p50"]),
    ]

    @Test(arguments: mistakes) func aMistakeIsOneSentenceWithItsLine(_ mistake: Mistake) throws {
        let good = try text(of: "gp3-like")
        #expect(good.contains(mistake.line))
        let bad = good.replacingOccurrences(of: mistake.line, with: mistake.instead)
        let line = good[..<good.range(of: mistake.line)!.lowerBound].split(
            separator: "\n", omittingEmptySubsequences: false
        ).count
        let error = #expect(throws: HOCONError.self) { _ = try model(bad) }
        #expect(error?.file == "d.conf")
        #expect(error?.line == line)
        for said in mistake.said {
            #expect(error?.sentence.contains(said) == true, "\(error?.description ?? "")")
        }
        #expect(error?.sentence.contains("\n") == false)
    }

    @Test(arguments: [
        ("write {\n  bandwidth = \"125MB\"\n}\n", "write.bandwidth"),
        ("queue_depth = 64\n", "queue_depth"),
        ("  dirty_limit = \"1600MB\"\n", "page_cache.dirty_limit"),
        (", max = 5087", "fsync_us.max"),
    ]) func whatIsMissingIsNamed(_ removed: String, _ key: String) throws {
        let bad = try text(of: "gp3-like").replacingOccurrences(of: removed, with: "")
        let error = #expect(throws: HOCONError.self) { _ = try model(bad) }
        #expect(error?.sentence.contains("`\(key)` is missing") == true)
        #expect(error?.file == "d.conf")
    }
}
