import Foundation
import Knobs
import Measure
import Study
import TestSupport
import Testing
import Traffic
import Trial

/// Aged databases and the trials that begin with them, on the bundled capture.
@Suite(.serialized) struct StartTests {
    private static let scale = Scale(
        speed: 30, miniature: 1_024, warmUp: .milliseconds(100), window: .milliseconds(500),
        cyclesNeeded: 1)

    private func order(_ scratch: ScratchDirectory, messages: Int = 12_000) throws -> StartSpec {
        var setting = Setting()
        setting["n_shards"] = 2
        let plan = try StudyPlan(
            captures: [CaptureIdentity(reading: Folder.capture)], engine: "emqx-5.8-local",
            emqx: "5.8", edition: "ce", control: setting, knobs: ["write_buffer_size"],
            reachable: [], newDatabase: false, blocks: 1, candidatesPerBlock: 1,
            confirmationRounds: 3, scale: Self.scale, seed: 1, command: "",
            environment: try Environment.probe(
                directory: scratch.path, version: "test", rocksdb: "test"),
            traffic: TrafficSummary(table: [], sentences: []))
        return StartSpec(
            plan,
            Ageing(messages: messages, span: .seconds(86_400), fill: 0.5, limit: .request),
            shards: 2, in: StudyDirectory(scratch.path))
    }

    private func build(_ order: StartSpec) throws -> StartRecord {
        try FileManager.default.createDirectory(
            atPath: (order.directory as NSString).deletingLastPathComponent,
            withIntermediateDirectories: true)
        return try StartBuilder(order).run { () throws(TrialError) in try Self.trace() }
    }

    private static func trace() throws(TrialError) -> Trace {
        do { return try Trace.load(captures: [Folder.capture]).trace } catch {
            throw .environment("\(error)")
        }
    }

    /// A state that is not what was built ends the study, before there is a clone of it.
    @Test func aChangedStartStateIsRefused() throws {
        let scratch = ScratchDirectory()
        let order = try order(scratch, messages: 3_000)
        _ = try build(order)
        try Data([1]).write(to: URL(fileURLWithPath: order.directory + "/data/1/000999.sst"))
        #expect {
            try trial(scratch, 1, from: order.directory)
        } throws: { error in
            guard case .environment(let sentence)? = error as? TrialError else { return false }
            return sentence.contains("not what was built") && sentence.contains("start a new study")
        }
        #expect(!FileManager.default.fileExists(atPath: scratch("trial-1/data")))
    }

    private func trial(
        _ scratch: ScratchDirectory, _ number: Int, from start: String, _ change: [String: Int64] = [:]
    ) throws -> TrialResult {
        let directory = scratch("trial-\(number)")
        try FileManager.default.createDirectory(
            atPath: directory, withIntermediateDirectories: true)
        let setting = Setting(["n_shards": 2].merging(change) { $1 })
        return try TrialRunner(
            TrialSpec(
                number: number, engine: "emqx-5.8-local", setting: setting,
                captures: [Folder.capture], scale: Self.scale, seed: Seed(1), directory: directory,
                start: start), trace: Self.trace()
        ).run()
    }

    /// Every byte of every file, also of those that have not changed in size.
    private func content(_ directory: String) throws -> [String: Data] {
        var content: [String: Data] = [:]
        for name in try FileManager.default.subpathsOfDirectory(atPath: directory) {
            content[name] = FileManager.default.contents(atPath: directory + "/" + name)
        }
        return content
    }

    /// Fails if tables are opened for writing in a clone, or if anything but tables is linked.
    @Test func trialsOnClonesLeaveTheStartStateAsItWas() throws {
        let scratch = ScratchDirectory()
        let order = try order(scratch)
        let record = try build(order)
        #expect(record.messages == 12_000)
        #expect(record.files.count >= 2 && record.files[1...].contains { $0 > 0 }, "levels: \(record.files)")
        // Two shards, each below the trigger of four.
        #expect(record.files[0] < 8, "no compaction is due: \(record.files)")
        #expect(record.bytes.count == 2 && record.bytes.allSatisfy { $0 > 0 })
        let before = try content(order.directory)

        let same = try trial(scratch, 1, from: order.directory)
        // Eager: what was left in level 0 is compacted at once, which rewrites and unlinks tables.
        let eager = try trial(
            scratch, 2, from: order.directory,
            ["level0_file_num_compaction_trigger": 2, "write_buffer_size": 16 << 20])
        for result in [same, eager] {
            #expect(result.ending == .finished)
            #expect((result.values["stored"] ?? 0) > 0)
            #expect(result.values["start_debt_s"] != nil)
        }
        #expect(try content(order.directory) == before)
        // And the builder, asked again, finds every byte as it was.
        #expect(try build(order) == record)
    }

    /// A content that changed and a size that did not: found by the hash, when a study goes on.
    @Test func aResumedStudyReadsEveryByte() throws {
        let scratch = ScratchDirectory()
        let order = try order(scratch, messages: 3_000)
        _ = try build(order)
        let shard = order.directory + "/data/0"
        let table = try #require(
            FileManager.default.contentsOfDirectory(atPath: shard).first { $0.hasSuffix(".sst") })
        let url = URL(fileURLWithPath: shard + "/" + table)
        var bytes = try Data(contentsOf: url)
        bytes[bytes.count / 2] ^= 1
        try bytes.write(to: url)
        #expect { try build(order) } throws: { error in
            "\(error)".contains("the content of its files differs")
        }
    }

    /// A study that was killed while it built begins again.
    @Test func aHalfBuiltStateIsBuiltAgain() throws {
        let scratch = ScratchDirectory()
        let order = try order(scratch, messages: 3_000)
        for half in [order.directory + ".building/data/0", order.directory + "/data/0"] {
            try FileManager.default.createDirectory(
                atPath: half, withIntermediateDirectories: true)
            try Data([1]).write(to: URL(fileURLWithPath: half + "/CURRENT"))
        }
        #expect(try build(order).messages == 3_000)
        #expect(!FileManager.default.fileExists(atPath: order.directory + ".building"))
    }
}
