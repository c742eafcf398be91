import Foundation
import Glibc
import TestSupport
import Testing

@Suite struct FootprintCommandTests {
    private static func arguments(_ captures: [String], shards: Int) -> [String] {
        ["footprint"] + captures + ["--engine", "emqx-5.8-local", "--shards", "\(shards)", "--all"]
    }

    /// Fails if a key is renamed: scripts read them.
    @Test func theKeysAreThoseOfTheGoldenFileAndTwoMore() throws {
        let scratch = ScratchDirectory()
        let outcome = try Command.run(
            Self.arguments([Folder.capture], shards: 2) + ["--format", "json"], in: scratch.path)
        #expect(outcome.code == 0)
        #expect(outcome.errors.isEmpty)
        let json = try #require(
            try JSONSerialization.jsonObject(with: Data(outcome.output.utf8)) as? [String: Any])
        let keys: Set = [
            "data_puts", "value_bytes", "index_puts", "index_level_1", "streams", "trie_puts",
            "trie_bytes", "wal_bytes", "sst_bytes", "sst_files",
        ]
        let total = try #require(json["total"] as? [String: Int])
        #expect(Set(total.keys) == keys)
        let shards = try #require(json["shards"] as? [[String: Int]])
        #expect(shards.map { $0["shard"] } == [0, 1])
        for key in keys {
            #expect(shards.reduce(0) { $0 + ($1[key] ?? 0) } == total[key], "\(key)")
        }
        // Each value twice at least: with its key, and a little more for every row of the index.
        let wal = try #require(total["wal_bytes"]), values = try #require(total["value_bytes"])
        #expect(wal > values + 2_041 * 18 && wal < values * 3 / 2)
        #expect((total["sst_bytes"] ?? 0) > 0 && (total["sst_files"] ?? 0) >= 2)
        #expect((json["varying_topics"] as? [String])?.contains("cmd/bali/+/set") == true)
        #expect((json["publishes"] as? [String: Int])?["stored"] == 2_041)
        // The scratch store is gone.
        #expect(try FileManager.default.contentsOfDirectory(atPath: scratch.path).isEmpty)
    }

    @Test func theTextIsForPeople() throws {
        let scratch = ScratchDirectory()
        let outcome = try Command.run(
            Self.arguments([Folder.capture], shards: 3), in: scratch.path)
        #expect(outcome.code == 0)
        #expect(outcome.output.contains("2041 publishes stored"))
        #expect(outcome.output.contains("cmd/bali/+/set"))
        #expect(!outcome.output.contains("\u{1B}["))
    }

    /// Skipped where the recordings are not at hand: they are not ours to copy.
    @Test(.enabled(if: Folder.hasShared, "../shared is not beside the project"))
    func aPublisherWithoutConnectIsFlagged() throws {
        let scratch = ScratchDirectory()
        let capture = Folder.shared.appendingPathComponent(
            "captures/wild/suricata__mqtt-midstream-split.pcap"
        ).path
        let outcome = try Command.run(
            Self.arguments([capture], shards: 16) + ["--format", "json"], in: scratch.path)
        #expect(outcome.code == 0)
        #expect(outcome.complaints.count == 1, "\(outcome.errors)")
        #expect(outcome.errors.contains("CONNECT"))
        #expect(outcome.output.contains("\"without_connect\" : 1"))
    }

    /// Skipped, with this reason, where a file system may not be mounted.
    @Test(.enabled(if: getuid() == 0, "only root may mount a disk that can be filled"))
    func aFullDiskIsSaidInOneSentence() throws {
        let scratch = ScratchDirectory()
        guard let disk = SmallDisk(scratch("disk"), megabytes: 1) else {
            withKnownIssue("this machine does not let tests mount a tmpfs") { Issue.record("") }
            return
        }
        let outcome = try Command.run(
            Self.arguments([Folder.capture], shards: 16) + ["--directory", disk.path],
            in: scratch.path)
        #expect(outcome.code == 3, "\(outcome.errors)")
        #expect(outcome.complaints.count == 1, "\(outcome.errors)")
        #expect(outcome.errors.contains("--directory"), "\(outcome.errors)")
        #expect(try FileManager.default.contentsOfDirectory(atPath: disk.path).isEmpty)
    }

    @Test func anInterruptedRunLeavesNothing() throws {
        let scratch = ScratchDirectory()
        // Long enough to be interrupted.
        let process = try Command.start(
            Self.arguments([String](repeating: Folder.capture, count: 200), shards: 2),
            in: scratch.path)
        func folders() -> [String] {
            (try? FileManager.default.contentsOfDirectory(atPath: scratch.path)) ?? []
        }
        let end = Date().addingTimeInterval(60)
        while folders().isEmpty, process.isRunning, Date() < end {
            Thread.sleep(forTimeInterval: 0.01)
        }
        #expect(!folders().isEmpty)
        process.interrupt()
        process.waitUntilExit()
        #expect(process.terminationReason == .exit && process.terminationStatus == 130)
        #expect(folders().isEmpty)
    }
}
