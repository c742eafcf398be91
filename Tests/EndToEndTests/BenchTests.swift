import Foundation
import TestSupport
import Testing

@Suite struct BenchTests {
    /// The path must not allocate for each message on the session's thread; an array or a closure context
    /// for each would be 32 bytes or more.
    @Test func publishingAllocatesNothingForEachMessage() throws {
        let scratch = ScratchDirectory()
        let outcome = try Command.run(
            ["bench", "--publishes", "20000", "--pairs", "1", "--format", "json"], in: scratch.path)
        #expect(outcome.code == 0, "\(outcome.errors)")
        let json = try #require(
            try JSONSerialization.jsonObject(with: Data(outcome.output.utf8)) as? [String: Any])
        for key in ["inprocess_publishes_per_s", "raw_publishes_per_s", "ratio"] {
            #expect((json[key] as? Double ?? 0) > 0, "\(key)")
        }
        if json["optimised_build"] as? Bool == true {
            #expect((json["allocated_bytes_per_publish"] as? Double ?? .infinity) < 16)
        }
        // Nothing stays behind.
        #expect(try FileManager.default.contentsOfDirectory(atPath: scratch.path).isEmpty)
    }

    @Test func replayingIsMeasuredAtFullSpeedAndOnSchedule() throws {
        let scratch = ScratchDirectory()
        let outcome = try Command.run(
            [
                "bench", "replay", "--publishes", "2000", "--pairs", "1", "--rate", "2000",
                "--seconds", "2", "--clients", "200", "--format", "json",
            ], in: scratch.path)
        #expect(outcome.code == 0, "\(outcome.errors)")
        let json = try #require(
            try JSONSerialization.jsonObject(with: Data(outcome.output.utf8)) as? [String: Any])
        #expect((json["ratio"] as? Double ?? 0) > 0)
        let scheduled = try #require(json["scheduled_cpu"] as? [String: Any])
        for key in ["generator_us", "broker_us", "storage_us", "waking_us"] {
            #expect((scheduled[key] as? Double ?? 0) > 0, "\(key)")
        }
        #expect((json["schedule_error_p99_us"] as? Double ?? 0) > 0)
        #expect(json["clients"] as? Int == 200)
        #expect(try FileManager.default.contentsOfDirectory(atPath: scratch.path).isEmpty)
    }

    /// Decoding must not allocate for each frame or packet.
    @Test func decodingAllocatesNothingWhereNoConnectionComesOrGoes() throws {
        let scratch = ScratchDirectory()
        let outcome = try Command.run(
            [
                "bench", "captures", Folder.capture, "--pairs", "1", "--repeats", "1", "--format",
                "json",
            ], in: scratch.path)
        #expect(outcome.code == 0, "\(outcome.errors)")
        let json = try #require(
            try JSONSerialization.jsonObject(with: Data(outcome.output.utf8)) as? [String: Any])
        #expect(json["packets"] as? Int == 9189)
        #expect((json["decode_bytes_per_s"] as? Double ?? 0) > 0)
        if json["optimised_build"] as? Bool == true {
            #expect(json["allocated_bytes_least"] as? Int == 0)
        }
        #expect(try FileManager.default.contentsOfDirectory(atPath: scratch.path).isEmpty)
    }

    @Test func longRecordingIsFedThroughStandardInput() throws {
        let scratch = ScratchDirectory()
        let outcome = try Command.run(
            [
                "bench", "captures", Folder.capture, "--memory", "0.005", "--copies", "2",
                "--format",
                "json",
            ], in: scratch.path)
        #expect(outcome.code == 0, "\(outcome.errors)")
        let json = try #require(
            try JSONSerialization.jsonObject(with: Data(outcome.output.utf8)) as? [String: Any])
        #expect((json["fed_bytes"] as? Int ?? 0) >= 5_000_000)
        #expect((json["peak_resident_bytes"] as? Int ?? .max) < 300_000_000)
    }

    @Test func longRecordingIsReadAsAReplayReadsIt() throws {
        let scratch = ScratchDirectory()
        let outcome = try Command.run(
            [
                "bench", "timeline", Folder.capture, "--format", "json",
            ], in: scratch.path)
        #expect(outcome.code == 0, "\(outcome.errors)")
        let json = try #require(
            try JSONSerialization.jsonObject(with: Data(outcome.output.utf8)) as? [String: Any])
        #expect((json["steps"] as? Int ?? 0) > 2_000)
        #expect((json["peak_resident_bytes"] as? Int ?? .max) < 300_000_000)
        #expect(try FileManager.default.contentsOfDirectory(atPath: scratch.path).isEmpty)
    }
}
