/// One capture that is being read, with its next frame at hand.
final class CaptureSource {
    /// In the order in which the captures begin.
    var number = 0
    let path: String
    let canReopen: Bool
    private var state: State

    private struct State: ~Copyable {
        var input: CaptureInput
        var format: any CaptureFormat
        /// Lies in the window of `input` and was not decoded yet; nil at the end.
        var head: Frame?
        var frames = 0
        var links: [LinkType] = []
    }

    /// Reads on to the first frame.
    init(_ opened: consuming CaptureInput) throws(CaptureError) {
        path = opened.path
        canReopen = opened.canReopen
        var format = try CaptureFormats.open(&opened)
        let head = try format.next(&opened)
        state = State(input: opened, format: format, head: head)
    }

    /// Of the frame at hand; nil when all were decoded.
    var nextTime: Int64? { state.head?.time }

    /// Decodes the frame at hand and all that follow it up to and including `time`, as long as the observer
    /// wants more.
    func run<Observer: TrafficObserver>(
        until time: Int64, into decoder: inout Decoder<Observer>
    ) throws(CaptureError) {
        decoder.capture = number
        // Once for all frames, so that the state is entered once.
        try Self.run(&state, until: time, into: &decoder)
    }

    private static func run<Observer: TrafficObserver>(
        _ state: inout State, until time: Int64, into decoder: inout Decoder<Observer>
    ) throws(CaptureError) {
        while let frame = state.head {
            state.frames = frame.number
            if state.links.last != frame.link, !state.links.contains(frame.link) {
                state.links.append(frame.link)
            }
            if !state.input.secrets.isEmpty { decoder.take(secrets: state.input.takeSecrets()) }
            decoder.decode(frame, state.input.window.span.bytes.extracting(frame.bytes))
            state.head = try state.format.next(&state.input)
            if let next = state.head, next.time > time { return }
            guard decoder.listener.observer.wantsMore else { return }
        }
    }

    /// Of the frames that were decoded.
    var summary: CaptureSummary {
        CaptureSummary(
            path: path, format: type(of: state.format).name,
            compression: state.input.compression.rawValue,
            linkType: state.links.map(\.name).joined(separator: ","), frames: state.frames,
            bytes: state.input.bytesRead, isCutOff: state.format.isCutOff)
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
