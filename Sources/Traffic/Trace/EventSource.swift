/// A file that holds packets and not frames: a trace, or lines of JSON. Its events are told one by one, so
/// that several files can be put in order of time.
final class EventSource {
    let path: String
    private var input: CaptureInput
    /// One of the two. Not an enum, because its value would be copied to be moved on.
    private var trace: TraceReader?
    private var lines: JSONLinesReader?
    private var teller = EventTeller()

    /// - Parameter head: the first bytes, decompressed, at most eight.
    static func recognises(_ head: [UInt8]) -> Bool { isTrace(head) || isLines(head) }

    private static func isTrace(_ head: [UInt8]) -> Bool { head.starts(with: TraceFormat.magic) }

    /// An object begins, perhaps behind white space or the mark of byte order.
    private static func isLines(_ head: [UInt8]) -> Bool {
        let text = head.starts(with: [0xEF, 0xBB, 0xBF]) ? head.dropFirst(3) : head[...]
        return text.first { ![0x20, 0x09, 0x0A, 0x0D].contains($0) } == UInt8(ascii: "{")
    }

    init(_ input: consuming CaptureInput) throws(CaptureError) {
        path = input.path
        _ = try input.fill(TraceFormat.magic.count)
        let head = input.window[input.start..<min(input.end, input.start + TraceFormat.magic.count)]
        if Self.isTrace(Array(head)) {
            trace = try TraceReader(&input)
        } else {
            lines = try JSONLinesReader(&input)
        }
        self.input = input
    }

    /// When the next event was, in nanoseconds since the epoch; nil at the end.
    var nextTime: Int64? { (trace?.next ?? lines?.next)?.time }

    var canReopen: Bool { input.canReopen }

    func isBefore(_ other: EventSource) -> Bool { nextTime ?? .max < other.nextTime ?? .max }

    /// Tells events up to that time, and the first one in any case, as long as the observer wants them.
    func run<O: TrafficObserver>(
        until time: Int64, _ listener: inout Listener<O>, _ carried: inout CarriedConnections
    ) throws(CaptureError) {
        repeat {
            try tell(&listener, &carried)
        } while nextTime.map { $0 <= time } ?? false && listener.observer.wantsMore
    }

    /// Tells the next event, and moves on.
    private func tell<O: TrafficObserver>(
        _ listener: inout Listener<O>, _ carried: inout CarriedConnections
    ) throws(CaptureError) {
        guard let event = trace?.next ?? lines?.next else { return }
        do throws(BlockFault) {
            if let trace {
                try trace.withBytes { (bytes) throws(BlockFault) in
                    try teller.tell(event, bytes, &listener, &carried)
                }
            }
            if let lines {
                try lines.withBytes { (bytes) throws(BlockFault) in
                    try teller.tell(event, bytes, &listener, &carried)
                }
            }
        } catch {
            throw trace?.damaged(input, error) ?? lines?.damaged(input, error)
                ?? .trace(.unknownTrace(path: path, why: error.why))
        }
        try trace?.advance(&input)
        try lines?.advance(&input)
    }

    /// The file is over: connections that it has not closed wait for the next.
    func finish(_ carried: inout CarriedConnections) { teller.carry(to: &carried) }

    /// What there is to say of the file. Valid at the end.
    var summary: CaptureSummary {
        let captures = facts.captures
        let links = Set(captures.map(\.linkType)).sorted().joined(separator: ",")
        return CaptureSummary(
            path: path, format: trace == nil ? JSONLinesReader.name : TraceFormat.name,
            compression: trace == nil ? input.compression.rawValue : Compression.zstd.rawValue,
            linkType: links, frames: captures.reduce(0) { $0 + $1.frames }, bytes: input.bytesRead,
            isCutOff: isCutOff || captures.contains(where: \.isCutOff))
    }

    /// It ends before its end mark.
    var isCutOff: Bool { trace?.isCutOff ?? false }

    /// What its captures were like, or what its events add up to. Valid at the end.
    var facts: TraceFacts {
        trace?.facts ?? lines?.facts ?? TraceFacts([], teller.census.tally)
    }
}
