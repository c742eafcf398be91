/// Reads captures one after the other, oldest first, and hands every frame to a decoder.
struct CaptureReader {
    /// In the order in which they are read.
    private(set) var paths: [String]
    private(set) var summaries: [CaptureSummary] = []

    /// Looks at the first frame of each, since rotated files are often named in another order.
    init(_ paths: [String]) throws(CaptureError) {
        var starts: [(path: String, time: Int64)] = []
        for path in paths {
            var input = try CaptureInput(path: path)
            var format = try CaptureFormats.open(&input)
            starts.append((path, try format.next(&input)?.time ?? .max))
        }
        // Stable, so that captures without frames or with one time stay as they were given.
        self.paths = starts.enumerated()
            .sorted { ($0.element.time, $0.offset) < ($1.element.time, $1.offset) }
            .map(\.element.path)
    }

    mutating func read<Observer: TrafficObserver>(into decoder: inout Decoder<Observer>)
        throws(CaptureError)
    {
        for path in paths { summaries.append(try read(path, into: &decoder)) }
        decoder.finish()
    }

    private func read<Observer: TrafficObserver>(
        _ path: String, into decoder: inout Decoder<Observer>
    ) throws(CaptureError) -> CaptureSummary {
        var input = try CaptureInput(path: path)
        var format = try CaptureFormats.open(&input)
        var (links, frames): ([LinkType], Int) = ([], 0)
        while let frame = try format.next(&input) {
            frames = frame.number
            if links.last != frame.link, !links.contains(frame.link) { links.append(frame.link) }
            decoder.decode(frame, input.window.span.bytes.extracting(frame.bytes))
        }
        return CaptureSummary(
            path: path, format: type(of: format).name, compression: input.compression.rawValue,
            linkType: links.map(\.name).joined(separator: ","), frames: frames,
            bytes: input.fileSize,
            isCutOff: format.isCutOff)
    }
}

/// One file of those that were inspected together.
package struct CaptureSummary: Codable, Equatable, Sendable {
    package let path: String
    /// "pcap" or "pcapng".
    package let format: String
    /// "none", "gzip" or "zstd".
    package let compression: String
    /// Of all frames, separated by commas if there are several.
    package let linkType: String
    package let frames: Int
    /// Of the file as it is on disk.
    package let bytes: Int
    /// The file ends inside a frame, which is left out.
    package let isCutOff: Bool

    enum CodingKeys: String, CodingKey {
        case path, format, compression, linkType = "link_type", frames, bytes, isCutOff = "cut_off"
    }
}
