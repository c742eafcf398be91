import Foundation
import Testing
import Traffic

/// What captures come to does not depend on which thread counts it.
@Suite struct RelayTests {
    private static var captures: [String] {
        let recorded =
            (try? FileManager.default.contentsOfDirectory(atPath: GoldenTests.shared)) ?? []
        return [GoldenTests.bundled]
            + recorded.filter { $0.contains(".pcap") }.sorted().map {
                GoldenTests.shared + "/" + $0
            }
    }

    /// `Trace.load` counts on the thread that decodes, `Inspection` beside it.
    ///
    /// Fails if an event is told in another order, twice, or not at all, or with the bytes of another packet.
    @Test(arguments: captures) func anotherThreadCountsTheSame(_ capture: String) throws {
        let beside: Inspection
        do { beside = try Inspection(captures: [capture]) } catch {
            #expect(throws: CaptureError.self) { try Trace.load(captures: [capture]) }
            return
        }
        // Subscriptions that are older than the capture are inferred in a second reading, which `load` does without.
        guard beside.persisted.source == .capture else { return }
        #expect(try Trace.load(captures: [capture]).inspection == beside)
    }

    /// Fails if what was handed over is still being told when the reading ends with an error.
    @Test func aFileThatEndsBadlyEndsTheReading() throws {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent(
            "relay-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        let path = folder.appendingPathComponent("damaged.pcap").path
        var bytes = try DecodingCount.decompressed(GoldenTests.bundled)
        // A frame that claims more bytes than any network has.
        bytes += [UInt8](repeating: 0xFF, count: 16)
        try Data(bytes).write(to: URL(fileURLWithPath: path))
        #expect(throws: CaptureError.self) { try Inspection(captures: [path]) }
    }
}
