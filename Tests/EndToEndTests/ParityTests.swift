import Foundation
import TestSupport
import Testing

/// `dstune replay --parity`; in a debug build, so nothing here looks at times.
@Suite struct ParityTests {
    /// Fails if one of the two ways sends or is answered less than was recorded, or if a latency is missing.
    @Test func theSameTrafficIsCountedAlikeBothWays() throws {
        let scratch = ScratchDirectory()
        let outcome = try Command.run(
            ["replay", Folder.capture, "--speed", "30", "--parity", "1", "--format", "json"],
            in: scratch.path)
        #expect(outcome.code == 0, "\(outcome.errors)")
        let last = try #require(outcome.output.split(separator: "\n").last)
        let object = try JSONSerialization.jsonObject(with: Data(last.utf8)) as? [String: Any]
        let report = try #require(object?["parity"] as? [String: Any])
        let counts = try #require(report["counts"] as? [[String: Any]])
        let sent = try #require(counts.first { $0["what"] as? String == "sent" })
        #expect(sent["in_process"] as? [[Int]] == [[1_126, 323, 592]])
        #expect(sent["tcp"] as? [[Int]] == [[1_126, 323, 592]])
        let acknowledged = try #require(counts.first { $0["what"] as? String == "acknowledged" })
        #expect(acknowledged["in_process"] as? [[Int]] == [[0, 323, 592]])
        // Over sockets a sensor may be cut off before its answer comes, and with it the session that would ask again.
        let tcp = try #require((acknowledged["tcp"] as? [[Int]])?.first)
        #expect(tcp.reduce(0, +) > 900 && tcp.reduce(0, +) <= 323 + 592, "\(tcp)")
        let latencies = try #require(report["latencies"] as? [[String: Any]])
        let names = Set(latencies.compactMap { $0["latency"] as? String })
        #expect(names.isSuperset(of: ["puback", "pubrec", "lag"]))
    }

    @Test func whatCannotBeComparedIsRefused() throws {
        let scratch = ScratchDirectory()
        for more in [
            ["--target", "mqtt://127.0.0.1"], ["--crash-at", "1s"],
            ["--find-limit", "--slo", "puback_p99<20ms"],
        ] {
            let outcome = try Command.run(
                ["replay", Folder.capture, "--parity", "1"] + more, in: scratch.path)
            #expect(outcome.code == 2 && outcome.errors.contains("--parity"), "\(outcome.errors)")
        }
    }
}
