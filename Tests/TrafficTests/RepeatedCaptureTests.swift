import Foundation
import Testing
import Traffic

/// A capture made longer is still one that anybody decodes.
struct RepeatedCaptureTests {
    @Test func copiesAndRoundsAreConnectionsOfTheirOwn() throws {
        let repeated = try RepeatedCapture(GoldenTests.bundled, copies: 3)
        var bytes = repeated.header
        for round in 0..<2 { repeated.write(round: round) { bytes += $0 } }
        #expect(bytes.count == 24 + 2 * repeated.roundBytes)
        let inspection = try inspect(bytes)
        // What the bundled capture holds, six times.
        #expect(inspection.connections == 99 * 6)
        #expect(inspection.packets["PUBLISH"] == 4_451 * 6)
        #expect(inspection.malformedPackets == 0)
        #expect(inspection.quality.verdict == .good)
        #expect(inspection.quality.duplicateFrames + inspection.quality.twiceCapturedSegments == 0)
    }
}
