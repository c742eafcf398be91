import CZlib
import Foundation
import Measure
import Replay
import TestSupport
import Testing

/// Latencies as other tools read them.
@Suite struct LatencyLogTests {
    /// What hdrhistogram 0.10.8 for Python encodes for the same values; only its compression may differ.
    @Test func theEncodingIsHdrHistograms() throws {
        var latencies = Latencies()
        let values: [(Int64, Int)] = [
            (0, 1), (1, 2), (2_047, 1), (2_048, 3), (1_000_000, 1_000), (123_456_789, 1),
            (3_600_000_000_000, 1),
        ]
        for (value, count) in values {
            for _ in 0..<count { latencies.puback.record(Nanoseconds(value)) }
        }
        let scratch = ScratchDirectory()
        let path = scratch("latencies.hlog")
        let start = MonotonicTime.now()
        let log = try LatencyLog(path, from: start, wallClock: 1_767_225_600_250, of: "test")
        try log.append(latencies, from: start + .seconds(1), to: start + .seconds(2))

        let lines = try String(contentsOfFile: path, encoding: .utf8).split(separator: "\n")
        #expect(lines[1] == "#[Histogram log format version 1.3]")
        #expect(lines[2] == "#[StartTime: 1767225600.250 (seconds since epoch)]")
        let fields = try #require(lines.last).split(separator: ",")
        #expect(lines.count == 6, "kinds without samples have no line")
        #expect(fields.prefix(4) == ["Tag=puback", "1.000", "1.000", "3600000.000"])
        let bytes = [UInt8](try #require(Data(base64Encoded: String(fields[4]))))
        #expect(bytes.prefix(4) == [0x1C, 0x84, 0x93, 0x14])
        #expect(bytes[4..<8].reduce(0) { $0 << 8 | Int($1) } == bytes.count - 8)
        var payload = [UInt8](repeating: 0, count: 1_024)
        var length = uLong(payload.count)
        #expect(
            uncompress(&payload, &length, Array(bytes.dropFirst(8)), uLong(bytes.count - 8)) == Z_OK
        )
        let hex = payload.prefix(Int(length)).map { String(format: "%02x", $0) }.joined()
        #expect(
            hex == "1c84931300000012000000000000000300000000000000010000034630b8a000"
                + "3ff00000000000000204f91f0206bf8e01d00ff16e02dfec0102")
        let mode = try FileManager.default.attributesOfItem(atPath: path)[.posixPermissions]
        #expect((mode as? NSNumber)?.intValue == 0o600)
    }

    @Test func aPlaceThatCannotBeWrittenIsNamed() {
        #expect {
            try LatencyLog("/nowhere/latencies.hlog", from: .now(), wallClock: 0, of: "test")
        } throws: {
            "\($0)".hasPrefix("/nowhere/latencies.hlog: ")
        }
    }
}
