import Foundation
import Storage
import TestSupport
import Testing

/// Directories that cannot be diagnosed, or only in part: each ends in one sentence that names the place.
@Suite struct DiagnoseFaultTests {
    /// Fails if the lock is asked of this process only (`F_SETLK`), or not at all.
    @Test func aDirectoryThatABrokerHoldsIsRefusedAndLeftAlone() async throws {
        let scratch = ScratchDirectory()
        let store = try ShardedStore(
            at: scratch("messages"), .test(["n_shards": 2]), on: RocksEngine())
        defer { store.close() }
        // Another process asks: a lock does not show to the one that has it.
        await #expect(processExitsWith: .success) {
            [path = scratch.path as String, holder = getpid() as Int32] in
            do throws(DiagnoseError) {
                _ = try DataDirectory(at: path)
                Issue.record("it was not refused")
            } catch {
                #expect(error == .held(path + "/messages/0", process: holder))
                #expect(!error.isEnvironment)
                #expect(error.description.contains("stop the broker"))
            }
        }
    }

    /// Nobody's user, on files that nobody may write.
    @Test func aReadOnlyDirectoryIsEnough() async throws {
        let scratch = ScratchDirectory()
        try DiagnoseTests.write(to: scratch("messages"), shards: 1)
        for name in try FileManager.default.subpathsOfDirectory(atPath: scratch.path) {
            let path = scratch(name)
            var isDirectory: ObjCBool = false
            _ = FileManager.default.fileExists(atPath: path, isDirectory: &isDirectory)
            #expect(chmod(path, isDirectory.boolValue ? 0o555 : 0o444) == 0)
        }
        #expect(chmod(scratch.path, 0o555) == 0)
        let before = try DataTree(scratch.path)
        await #expect(processExitsWith: .success) { [path = scratch.path as String] in
            let nobody: uid_t = 65_534
            if geteuid() == 0 { #expect(setuid(nobody) == 0) }
            let diagnosis = try DiagnoseTests.diagnose(path)
            #expect(diagnosis.total.rows.data == DiagnoseTests.messages.count)
            #expect(diagnosis.total.model?.differences == [])
        }
        #expect(try DataTree(scratch.path) == before)
        for name in ["", "messages", "messages/0"] { chmod(scratch(name), 0o700) }
    }

    @Test func whatIsNoDataDirectoryIsSaidSo() throws {
        let scratch = ScratchDirectory()
        #expect(
            throws: DiagnoseError.notADataDirectory(
                scratch("nowhere"), "there is no such directory")
        ) { try DataDirectory(at: scratch("nowhere")) }
        try Data([1]).write(to: URL(fileURLWithPath: scratch("file")))
        #expect(throws: DiagnoseError.notADataDirectory(scratch("file"), "it is a file")) {
            try DataDirectory(at: scratch("file"))
        }
        #expect(throws: DiagnoseError.self) { try DataDirectory(at: scratch.path) }
        for place in ["messages/0", "ds/messages/s0"] {
            try FileManager.default.createDirectory(
                atPath: scratch(place), withIntermediateDirectories: true)
            try Data("MANIFEST-000001\n".utf8).write(
                to: URL(fileURLWithPath: scratch(place + "/CURRENT")))
        }
        #expect(throws: DiagnoseError.several([scratch("messages"), scratch("ds/messages")])) {
            try DataDirectory(at: scratch.path)
        }
        let six = try DataDirectory(at: scratch("ds/messages"))
        #expect(six.scheme == .emqx6 && six.shards.map(\.number) == [0])
        let error = try #require(failure(scratch("messages/0")))
        #expect(!error.isEnvironment || "\(error)".contains("MANIFEST-000001"), "\(error)")
    }

    struct Damage: Sendable, CustomTestStringConvertible {
        let testDescription: String
        /// Of the file that is damaged.
        let suffix: String
        /// Nil removes it.
        let change: (@Sendable (inout Data) -> Void)?

        static let all = [
            Damage(testDescription: "a missing SST", suffix: ".sst", change: nil),
            Damage(testDescription: "a flipped bit in an SST", suffix: ".sst") { $0[40] ^= 0x10 },
            Damage(testDescription: "half an SST", suffix: ".sst") { $0.removeLast($0.count / 2) },
        ]
    }

    @Test(arguments: Damage.all) func damageNamesTheShardAndTheFile(_ damage: Damage) throws {
        let scratch = ScratchDirectory()
        try FileManager.default.createDirectory(
            atPath: scratch("messages"), withIntermediateDirectories: true)
        try GenerationWriter.write(to: scratch("messages/0"))
        // Opening it again turns its log into files.
        try GenerationWriter.reopen(scratch("messages/0"))
        #expect(failure(scratch.path) == nil)
        let shard = scratch("messages/0")
        let names = try FileManager.default.contentsOfDirectory(atPath: shard)
        let victim = try #require(
            names.filter { $0.hasSuffix(damage.suffix) }.max { size(shard, $0) < size(shard, $1) })
        if let change = damage.change {
            var data = try Data(contentsOf: URL(fileURLWithPath: shard + "/" + victim))
            change(&data)
            try data.write(to: URL(fileURLWithPath: shard + "/" + victim))
        } else {
            try FileManager.default.removeItem(atPath: shard + "/" + victim)
        }
        let error = try #require(failure(scratch.path))
        #expect("\(error)".contains("shard 0 (\(shard))"), "\(error)")
        #expect("\(error)".contains(victim), "\(error)")
        #expect(!"\(error)".contains("\n"))
    }

    /// What a power loss tears off the end of the log is lost, and said so; the rest is read.
    @Test func aTornTailOfTheLogIsAWarning() throws {
        let scratch = ScratchDirectory()
        // Memtables of 64 MiB, so that one log holds everything.
        try DiagnoseTests.write(to: scratch("messages"), shards: 1, miniature: 1)
        let shard = scratch("messages/0")
        let names = try FileManager.default.contentsOfDirectory(atPath: shard)
        let wal = try #require(
            names.filter { $0.hasSuffix(".log") }.max { size(shard, $0) < size(shard, $1) })
        var data = try Data(contentsOf: URL(fileURLWithPath: shard + "/" + wal))
        // Into the last record that is more than zeros.
        data = data.prefix(data.lastIndex { $0 != 0 }.map { $0 - 20 } ?? 0)
        try data.write(to: URL(fileURLWithPath: shard + "/" + wal))
        let diagnosis = try DiagnoseTests.diagnose(scratch.path)
        let rows = diagnosis.total.rows
        #expect(rows.data > 0 && rows.data < DiagnoseTests.messages.count)
        let finding = try #require(diagnosis.findings.first { $0.rule == "read_warnings" })
        #expect(finding.examples[0].contains(wal), "\(finding.examples)")
    }

    @Test func aTruncatedManifestIsOneSentence() throws {
        let scratch = ScratchDirectory()
        try DiagnoseTests.write(to: scratch("messages"), shards: 1)
        let shard = scratch("messages/0")
        for name in try FileManager.default.contentsOfDirectory(atPath: shard)
        where name.hasPrefix("MANIFEST-") {
            try Data("garbage".utf8).write(to: URL(fileURLWithPath: shard + "/" + name))
        }
        let error = try #require(failure(scratch.path))
        #expect("\(error)".contains("shard 0"), "\(error)")
        #expect(!"\(error)".contains("\n"))
    }

    /// Nobody's user, on a file that only another may read.
    @Test(arguments: [".sst", "MANIFEST-", "OPTIONS-", "LOG"])
    func aFileThatMayNotBeReadIsTheMachinesFault(_ kind: String) async throws {
        let scratch = ScratchDirectory()
        try FileManager.default.createDirectory(
            atPath: scratch("messages"), withIntermediateDirectories: true)
        try GenerationWriter.write(to: scratch("messages/0"))
        try GenerationWriter.reopen(scratch("messages/0"))
        for name in try FileManager.default.subpathsOfDirectory(atPath: scratch.path) {
            let file = name.split(separator: "/").last ?? ""
            let isMeant = file.hasSuffix(kind) || file.hasPrefix(kind) && file != "LOCK"
            chmod(
                scratch(name),
                name == "messages" || name == "messages/0" ? 0o755 : isMeant ? 0 : 0o644)
        }
        chmod(scratch.path, 0o755)
        await #expect(processExitsWith: .success) {
            [path = scratch.path as String, kind = kind as String] in
            let nobody: uid_t = 65_534
            if geteuid() == 0 { #expect(setuid(nobody) == 0) }
            do throws(DiagnoseError) {
                _ = try Diagnoser(DataDirectory(at: path)).run()
                Issue.record("it was read")
            } catch {
                #expect(error.isEnvironment, "\(error)")
                #expect("\(error)".contains(kind), "\(error)")
            }
        }
    }

    private func failure(_ path: String) -> DiagnoseError? {
        do throws(DiagnoseError) {
            _ = try Diagnoser(DataDirectory(at: path)).run()
            return nil
        } catch { return error }
    }

    private func size(_ directory: String, _ name: String) -> Int {
        var status = stat()
        return stat(directory + "/" + name, &status) == 0 ? Int(status.st_size) : 0
    }
}
