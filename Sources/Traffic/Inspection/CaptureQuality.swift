/// How far a capture can be believed.
package struct CaptureQuality: Codable, Equatable, Sendable {
    package enum Verdict: String, Codable, Sendable {
        /// Everything that the connections carried is here and was decoded.
        case good
        /// Something is missing; the reasons say what.
        case usable
        /// More is missing than counts and replays can bear.
        case unusable
    }

    package let verdict: Verdict
    /// Payload bytes on MQTT connections that were sent and not captured.
    package let lostBytes: Int
    /// Payload bytes that were captured but are parts of packets of which the rest is missing.
    package let skippedBytes: Int
    /// Frames of which only the beginning was captured.
    package let truncatedFrames: Int
    package let retransmittedSegments: Int
    package let outOfOrderSegments: Int
    /// Frames that the captures hold twice, as where they overlap; counted once.
    package let duplicateFrames: Int
    /// TCP segments that were captured on two interfaces; counted once.
    package let twiceCapturedSegments: Int
    package let connectionsWithoutConnect: Int
    package let encryptedConnections: Int
    /// What the verdict rests on, and what else to know of the capture.
    package let reasons: [String]
    /// What may be concluded from a capture of this length and place, and what not.
    package let speaksFor: SpeaksFor

    enum CodingKeys: String, CodingKey {
        case verdict, lostBytes = "lost_bytes", skippedBytes = "skipped_bytes"
        case truncatedFrames = "truncated_frames", retransmittedSegments = "retransmitted_segments"
        case outOfOrderSegments = "out_of_order_segments"
        case duplicateFrames = "duplicate_frames"
        case twiceCapturedSegments = "twice_captured_segments"
        case connectionsWithoutConnect = "connections_without_connect"
        case encryptedConnections = "encrypted_connections", reasons
        case speaksFor = "speaks_for"
    }

    /// Missing bytes, of all bytes, above which nothing should be concluded.
    private static let bearable = 0.05

    init(
        _ captures: [CaptureSummary], _ tally: FrameTally, _ inspector: Inspector,
        _ given: GivenSubscriptions?
    ) {
        let quality = tally.quality
        lostBytes = quality.lostBytes
        skippedBytes = quality.skippedBytes
        truncatedFrames = tally.cutFrames
        retransmittedSegments = quality.retransmittedSegments
        outOfOrderSegments = quality.outOfOrderSegments
        duplicateFrames = tally.duplicateFrames
        twiceCapturedSegments = tally.copiedSegments
        connectionsWithoutConnect = tally.withoutConnect
        encryptedConnections = tally.encrypted
        let doubts = tally.doubts(captures)
        reasons = doubts + tally.notes + Self.notes(tally, inspector, given)
        speaksFor = SpeaksFor(tally, inspector, given)
        let missing = Double(lostBytes + skippedBytes)
        let isBearable = missing <= Self.bearable * (missing + Double(quality.decodedBytes))
        verdict = !isBearable ? .unusable : doubts.isEmpty ? .good : .usable
    }
}
