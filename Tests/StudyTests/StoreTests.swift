import Foundation
import GRDB
import Glibc
import Knobs
import Measure
import Study
import StudyFixtures
import TestSupport
import Testing

@Suite struct StoreTests {
    private let scratch = ScratchDirectory()
    private var directory: StudyDirectory { StudyDirectory(scratch.path + "/study") }

    private static func fill(_ store: StudyStore, trials: Int) throws {
        let records = Fixture.run(store.plan) {
            Fixture.result($0.number, durable: 0.1 + Double($0.number) * 1e-3)
        }
        for record in records.prefix(trials) { try store.finish(record) }
    }

    @Test func whatWasFinishedIsReadBackWhole() throws {
        var records = Fixture.run(Fixture.plan()) {
            Fixture.result($0.number, durable: 0.1 + Double($0.number) * 1e-3)
        }
        var histogram = LatencyHistogram()
        histogram.record(.milliseconds(7))
        var result = records[0].result
        result.histograms = ["durable": histogram]
        result.caveats = [.notDrained(after: .seconds(5))]
        result.effective = ["write_buffer_size": "1048576"]
        result.remarks = ["a remark"]
        records[0] = Fixture.record(records[0].planned, result)
        do {
            let store = try StudyStore.create(directory, plan: Fixture.plan())
            for record in records { try store.finish(record) }
        }
        let store = try StudyStore.open(directory, for: .running)
        let read = try store.records()
        #expect(read.map(\.planned) == records.map(\.planned))
        #expect(read.map(\.result.values) == records.map(\.result.values))
        // Kept to three digits.
        let longest = try #require(read[0].result.histograms["durable"]?.maximum)
        #expect(abs(longest.seconds - 0.007) < 0.000_01)
        #expect(read[0].result.caveats == result.caveats)
        #expect(read[0].spec.seed == records[0].spec.seed)
        #expect(store.plan.seed == Fixture.plan().seed)
        #expect(try StudySchedule(store.plan).next(after: read) == nil)
    }

    @Test func finishedTrialsSurviveKillMinusNine() async throws {
        await #expect(processExitsWith: .signal(SIGKILL)) { [path = directory.path as String] in
            let store = try StudyStore.create(StudyDirectory(path), plan: Fixture.plan())
            try StoreTests.fill(store, trials: 4)
            kill(getpid(), SIGKILL)
        }
        let store = try StudyStore.open(directory, for: .running)
        #expect(try store.records().map(\.number) == [1, 2, 3, 4])
    }

    @Test func laterAttemptReplacesTheEarlierOneAndItsValues() throws {
        let store = try StudyStore.create(directory, plan: Fixture.plan())
        let planned = try #require(try StudySchedule(store.plan).next(after: []))
        let first = TrialResult(
            number: 1, ending: .failed("x"), values: ["stall_s": 9], started: 0, ended: 1)
        try store.finish(Fixture.record(planned, first))
        try store.finish(
            Fixture.record(planned, Fixture.result(1, durable: 0.5), attempts: 2))
        let records = try store.records()
        #expect(records.map(\.attempts) == [2])
        let database = try DatabaseQueue(path: directory.store)
        let values = try database.read { db in
            try Row.fetchAll(db, sql: "SELECT metric, value FROM trial_value WHERE trial = 1")
        }
        #expect(values.count == records[0].result.values.count)
        #expect(!values.contains { $0["metric"] == "stall_s" && $0["value"] == 9.0 })
    }

    @Test func studyOfAnotherCaptureIsRefusedNamingBoth() throws {
        _ = try StudyStore.create(directory, plan: Fixture.plan())
        let other = CaptureIdentity(path: "/captures/other.pcap", bytes: 1, digest: "1")
        let error = #expect(throws: StudyStoreError.self) {
            try StudyStore.create(directory, plan: Fixture.plan(captures: [other]))
        }
        let text = "\(error, default: "")"
        #expect(text.contains("/captures/fleet.pcap") && text.contains("/captures/other.pcap"))
        #expect(error?.exitCode == 2)
    }

    @Test func movedCaptureIsTheSameCapture() throws {
        _ = try StudyStore.create(directory, plan: Fixture.plan())
        let moved = CaptureIdentity(
            path: "/elsewhere/x.pcap", bytes: Fixture.capture.bytes, digest: Fixture.capture.digest)
        #expect(throws: StudyStoreError.alreadyExists(directory: directory.path, finished: 0)) {
            try StudyStore.create(directory, plan: Fixture.plan(captures: [moved]))
        }
    }

    @Test func sweepIntoAStudyAdvisesToResume() throws {
        try Self.fill(try StudyStore.create(directory, plan: Fixture.plan()), trials: 2)
        let error = #expect(throws: StudyStoreError.self) {
            try StudyStore.create(directory, plan: Fixture.plan(seed: 2))
        }
        #expect(error == .alreadyExists(directory: directory.path, finished: 2))
        #expect("\(error, default: "")".contains("dstune resume \(directory.path)"))
    }

    @Test func directoryWithOtherThingsIsNotWrittenInto() throws {
        try FileManager.default.createDirectory(
            atPath: directory.path, withIntermediateDirectories: true)
        let theirs = directory.path + "/emqx.conf"
        try Data("mine".utf8).write(to: URL(fileURLWithPath: theirs))
        #expect(throws: StudyStoreError.directoryNotEmpty(directory.path)) {
            try StudyStore.create(directory, plan: Fixture.plan())
        }
        #expect(FileManager.default.contents(atPath: theirs) == Data("mine".utf8))
        #expect(!FileManager.default.fileExists(atPath: directory.store))
    }

    @Test func captureThatChangedSinceIsRefused() throws {
        let path = scratch.path + "/fleet.pcap"
        try Data("one".utf8).write(to: URL(fileURLWithPath: path))
        let plan = Fixture.plan(captures: [try CaptureIdentity(reading: path)])
        try plan.verifyCaptures()
        try Data("two".utf8).write(to: URL(fileURLWithPath: path))
        let error = #expect(throws: StudyStoreError.self) { try plan.verifyCaptures() }
        #expect(error?.exitCode == 2)
        try FileManager.default.removeItem(atPath: path)
        #expect(throws: StudyStoreError.self) { try plan.verifyCaptures() }
    }

    @Test(arguments: [
        ("PRAGMA user_version = 99", "newer"),
        ("UPDATE plan SET document = json_set(document, '$.format', 99, '$.engine', 5)", "newer"),
        ("PRAGMA application_id = 7", "not a study"),
        ("UPDATE plan SET document = '{}'", "cannot be read"),
        ("UPDATE trial SET arm = 'left' WHERE number = 1", "cannot be read"),
    ])
    func studyThatCannotBeUnderstoodIsRefused(_ statement: String, _ words: String) throws {
        try Self.fill(try StudyStore.create(directory, plan: Fixture.plan()), trials: 1)
        try DatabaseQueue(path: directory.store).write { try $0.execute(sql: statement) }
        let error = #expect(throws: StudyStoreError.self) {
            _ = try StudyStore.open(directory, for: .running).records()
        }
        #expect("\(error, default: "")".contains(words))
        #expect("\(error, default: "")".hasPrefix(directory.path))
    }

    @Test func fileThatIsNoDatabaseIsNotAStudy() throws {
        try FileManager.default.createDirectory(
            atPath: directory.path, withIntermediateDirectories: true)
        let text = String(repeating: "not a database ", count: 100)
        try Data(text.utf8).write(to: URL(fileURLWithPath: directory.store))
        #expect(throws: StudyStoreError.notAStudy(directory: directory.path)) {
            try StudyStore.open(directory, for: .reading)
        }
        #expect(throws: StudyStoreError.notAStudy(directory: scratch.path)) {
            try StudyStore.open(StudyDirectory(scratch.path), for: .reading)
        }
    }

    @Test func secondProcessIsToldWhoRunsTheStudy() throws {
        let store = try StudyStore.create(directory, plan: Fixture.plan())
        let busy = StudyStoreError.beingRun(directory: directory.path, process: getpid())
        #expect(throws: busy) { try StudyStore.open(directory, for: .running) }
        #expect(busy.exitCode == 3)
        // A report may be made meanwhile.
        #expect(try StudyStore.open(directory, for: .reading).records().isEmpty)
        withExtendedLifetime(store) {}
    }

    @Test func fullDiskLosesNoFinishedTrial() throws {
        _ = try StudyStore.create(directory, plan: Fixture.plan())
        let pages = try DatabaseQueue(path: directory.store).read {
            try Int.fetchOne($0, sql: "PRAGMA page_count") ?? 0
        }
        var finished = 0
        do {
            let store = try StudyStore.open(directory, for: .running, pageLimit: pages + 6)
            let error = #expect(throws: StudyStoreError.self) {
                for record in Fixture.run(
                    store.plan, answer: { Fixture.result($0.number, durable: 1) })
                {
                    try store.finish(record)
                    finished += 1
                }
            }
            #expect(error == .diskFull(directory: directory.path))
            #expect(error?.exitCode == 3)
        }
        #expect(finished > 0)
        let store = try StudyStore.open(directory, for: .running)
        #expect(try store.records().count == finished)
        try Self.fill(store, trials: finished + 1)
        #expect(try store.records().count == finished + 1)
    }

    @Test func onlyTheOwnerMayRead() throws {
        _ = try StudyStore.create(directory, plan: Fixture.plan())
        for (path, mode) in [
            (directory.path, 0o700), (directory.store, 0o600), (directory.lock, 0o600),
        ] {
            let attributes = try FileManager.default.attributesOfItem(atPath: path)
            #expect(attributes[.posixPermissions] as? Int == mode, "\(path)")
        }
    }
}
