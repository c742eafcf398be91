import Foundation
import HOCON
import Storage
import TestSupport
import Testing

/// `dstune probe` as a user runs it.
@Suite struct ProbeTests {
    /// Keys that scripts read; they stay.
    static let keys: Set<String> = [
        "buffered_append_bytes_per_s", "device", "device_write_bytes_per_s", "directory",
        "elapsed_seconds", "filesystem", "fsync_reason", "fsync_samples", "fsync_us",
        "fsync_verdict", "model_file", "mount_options", "mount_point", "optimised_build",
        "read_latency_us", "read_mode", "read_samples", "sequential_read_bytes_per_s",
        "sequential_write_bytes_per_s", "small_write_bytes_per_s", "written_bytes",
    ]

    @Test func aProbeWritesAModelAndLeavesNothingElse() throws {
        let scratch = ScratchDirectory()
        let outcome = try Command.run(
            ["probe", ".", "--seconds", "1", "--format", "json", "--write", "ours.conf"],
            in: scratch.path)
        #expect(outcome.code == 0, "\(outcome.errors)")
        let report = try #require(
            JSONSerialization.jsonObject(with: Data(outcome.output.utf8)) as? [String: Any])
        #expect(Set(report.keys) == Self.keys)
        let syncs = try #require(report["fsync_us"] as? [String: Double])
        #expect(Set(syncs.keys) == ["min", "p50", "p90", "p99", "p999", "max"])
        let text = try String(contentsOfFile: scratch("ours.conf"), encoding: .utf8)
        let model = try DiskModel(
            reading: HOCONValue(parsing: text, file: "ours.conf"), file: "ours.conf")
        #expect(model.name == "ours")
        let written = try #require(report["written_bytes"] as? Int)
        #expect(written > 0 && written <= 700 << 20)
        let left = try FileManager.default.contentsOfDirectory(atPath: scratch.path)
        #expect(left.filter { !$0.hasPrefix(".std") } == ["ours.conf"])
    }

    @Test func whatCannotBeProbedSaysSo() throws {
        let scratch = ScratchDirectory()
        let cases: [([String], Int32, String)] = [
            (["probe", "nowhere"], 2, "nowhere"),
            (["probe", ".", "--seconds", "0"], 2, "--seconds"),
            (["probe", ".", "--write", "nowhere/ours.conf"], 2, "nowhere/ours.conf"),
            // A file system that never has space.
            (["probe", "/proc"], 3, "free"),
        ]
        for (arguments, code, named) in cases {
            let outcome = try Command.run(arguments, in: scratch.path)
            #expect(outcome.code == code, "\(arguments)")
            #expect(outcome.complaints.count == 1, "\(outcome.errors)")
            #expect(outcome.complaints.first?.contains(named) == true, "\(outcome.errors)")
        }
    }

    /// Ctrl-C: code 130, and the directory as it was.
    @Test func anInterruptedProbeCleansUp() throws {
        let scratch = ScratchDirectory()
        let process = try Command.start(["probe", ".", "--seconds", "60"], in: scratch.path)
        func left() throws -> [String] {
            try FileManager.default.contentsOfDirectory(atPath: scratch.path)
        }
        let deadline = Date() + 20
        while try left().isEmpty, process.isRunning, Date() < deadline { usleep(5_000) }
        #expect(try left().contains { $0.hasPrefix(".dstune-probe-") })
        process.interrupt()
        process.waitUntilExit()
        #expect(process.terminationReason == .exit)
        #expect(process.terminationStatus == 130)
        #expect(try left().isEmpty)
    }
}
