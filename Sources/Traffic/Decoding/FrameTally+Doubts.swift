extension FrameTally {
    /// What lowers the trust in captures, with the place where it was met first; empty if nothing does.
    func doubts(_ captures: [CaptureSummary]) -> [String] {
        let captures = origins.isEmpty ? captures : origins
        let counted: [(Int, Trouble?, String)] = [
            (
                quality.lostBytes, .lost,
                "bytes of MQTT connections are not in the capture (dropped, or cut by the snap length)"
            ),
            (
                quality.skippedBytes, .skipped,
                "captured bytes are parts of packets of which the rest is missing"
            ),
            (cutFrames, .cut, "frames are cut; record with `tcpdump -s 0`"),
            (quality.malformedPackets, .malformed, "packets are malformed"),
            (
                withoutConnect, nil,
                "connections were open before the capture began, or their CONNECT is missing"
            ),
            (encrypted, nil, "connections are encrypted (TLS) and were not decoded"),
            (fragments, .fragment, "IP fragments were not put together: others are missing"),
            (unsupportedFrames, .unsupportedLink, "frames have a link type that is not supported"),
            (
                forgottenStreams, nil,
                "connections were given up because more than \(FlowTable.limit) were open at once"
            ),
        ]
        return counted.filter { $0.0 > 0 }.map { count, trouble, what in
            let place = trouble.flatMap { self.place(of: $0) }
            return "\(count) \(what)" + (place.map { " (first: \($0.text(captures)))" } ?? "")
        }
            + layers.doubts.map { "\($0.count) \($0.what)" }
            + captures.filter(\.isCutOff).map {
                "\($0.path) ends inside a frame, after \($0.frames) whole ones"
            }
    }

    /// Why there may be no MQTT in frames that were read.
    func doubtsWithoutMQTT(_ captures: [CaptureSummary]) -> [String] {
        var doubts: [String] = []
        if encrypted > 0 { doubts.append("\(encrypted) connections are encrypted with TLS") }
        if unsupportedFrames > 0 {
            let links = Set(captures.map(\.linkType)).sorted().joined(separator: ", ")
            doubts.append("\(unsupportedFrames) frames have an unsupported link type: \(links)")
        }
        if fragments > 0 { doubts.append("\(fragments) frames are IP fragments without the rest") }
        if cutFrames > 0 {
            doubts.append("\(cutFrames) frames are cut: record with `tcpdump -s 0`")
        }
        return doubts + layers.doubts.map { "\($0.count) \($0.what)" }
    }
}
