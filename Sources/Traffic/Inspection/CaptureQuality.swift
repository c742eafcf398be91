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
        connectionsWithoutConnect = tally.withoutConnect
        encryptedConnections = tally.encrypted
        let doubts = Self.doubts(captures, tally)
        reasons = doubts + Self.notes(tally, inspector, given)
        speaksFor = SpeaksFor(tally, inspector, given)
        let missing = Double(lostBytes + skippedBytes)
        let isBearable = missing <= Self.bearable * (missing + Double(quality.decodedBytes))
        verdict = !isBearable ? .unusable : doubts.isEmpty ? .good : .usable
    }

    private static func doubts(_ captures: [CaptureSummary], _ tally: FrameTally) -> [String] {
        let quality = tally.quality
        let counted: [(Int, String)] = [
            (
                quality.lostBytes,
                "bytes of MQTT connections are not in the capture (dropped, or cut by the snap length)"
            ),
            (
                quality.skippedBytes,
                "captured bytes are parts of packets of which the rest is missing"
            ),
            (tally.cutFrames, "frames are cut; record with `tcpdump -s 0`"),
            (quality.malformedPackets, "packets are malformed"),
            (
                tally.withoutConnect,
                "connections were open before the capture began, or their CONNECT is missing"
            ),
            (tally.encrypted, "connections are encrypted (TLS) and were not decoded"),
            (tally.fragments, "IP fragments were not put together"),
            (tally.unsupportedFrames, "frames have a link type that is not supported"),
        ]
        return counted.filter { $0.0 > 0 }.map { "\($0.0) \($0.1)" }
            + captures.filter(\.isCutOff).map {
                "\($0.path) ends inside a frame, after \($0.frames) whole ones"
            }
    }
}

extension FrameTally {
    /// Why there may be no MQTT in frames that were read.
    func doubts(_ captures: [CaptureSummary]) -> [String] {
        var doubts: [String] = []
        if encrypted > 0 { doubts.append("\(encrypted) connections are encrypted with TLS") }
        if unsupportedFrames > 0 {
            let links = Set(captures.map(\.linkType)).sorted().joined(separator: ", ")
            doubts.append("\(unsupportedFrames) frames have an unsupported link type: \(links)")
        }
        if fragments > 0 { doubts.append("\(fragments) frames are IP fragments") }
        if cutFrames > 0 {
            doubts.append("\(cutFrames) frames are cut: record with `tcpdump -s 0`")
        }
        return doubts
    }
}
