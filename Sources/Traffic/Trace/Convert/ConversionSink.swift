internal import MQTT

/// What a conversion can write; the raw value is what `--to` takes.
package enum ConversionFormat: String, CaseIterable, Sendable {
    case dstrace, jsonl

    /// Told by the end of a file's name; nil if it does not say.
    package init?(path: String) {
        let ending = path.split(separator: ".").last.map { $0.lowercased() } ?? ""
        switch ending {
        case "dstrace": self = .dstrace
        case "jsonl", "ndjson", "json": self = .jsonl
        default: return nil
        }
    }
}

/// The end of a conversion: counts what is written and hands it to a writer.
struct ConversionSink: TrafficObserver {
    private(set) var connections = 0
    private(set) var packets = 0
    private(set) var census = EventCensus()
    /// One of them. No enum, because its value would be copied to be changed.
    private var trace: TraceWriter?
    private var lines: JSONLinesWriter?
    private let progress: (ConversionProgress) -> Void
    private var first: Int64?

    /// Packets between two reports.
    private static let interval = 1 << 14

    init(
        _ format: ConversionFormat, _ output: OutputFile,
        _ progress: @escaping (ConversionProgress) -> Void
    ) {
        self.progress = progress
        switch format {
        case .dstrace: trace = TraceWriter(output)
        case .jsonl: lines = JSONLinesWriter(output)
        }
    }

    var wantsMore: Bool { trace?.wantsMore ?? lines?.wantsMore ?? false }

    mutating func opened(_ connection: Int, client: Endpoint, at time: Int64) {
        connections += 1
        first = first ?? time
        census.opened(at: time)
        trace?.opened(connection, client: client, at: time)
        lines?.opened(connection, client: client, at: time)
    }

    mutating func identified(_ connection: Int, clientID: String, at time: Int64) {
        trace?.identified(connection, clientID: clientID, at: time)
        lines?.identified(connection, clientID: clientID, at: time)
    }

    mutating func received(_ packet: DecodedPacket, _ bytes: RawSpan) {
        packets += 1
        census.received(packet, bytes.byteCount)
        trace?.received(packet, bytes)
        lines?.received(packet, bytes)
        guard packets % Self.interval == 0 else { return }
        progress(ConversionProgress(packets: packets, span: packet.time - (first ?? packet.time)))
    }

    mutating func closed(
        _ connection: Int, version: ProtocolVersion, _ ending: Ending, at time: Int64
    ) {
        census.closed(connection)
        trace?.closed(connection, version: version, ending, at: time)
        lines?.closed(connection, version: version, ending, at: time)
    }

    mutating func finish(_ facts: TraceFacts?) throws(WriteError) {
        try trace?.finish(facts)
        try lines?.finish(facts)
    }
}

/// How far a conversion is.
package struct ConversionProgress: Sendable {
    /// Written so far.
    package let packets: Int
    /// From the first to the last of them, in nanoseconds of the recording.
    package let span: Int64
}

/// Observers in a row, of which the last writes.
protocol EndsInSink: TrafficObserver {
    var sink: ConversionSink { get set }
}

extension ConversionSink: EndsInSink {
    var sink: ConversionSink {
        get { self }
        set { self = newValue }
    }
}

extension Anonymiser: EndsInSink where Next: EndsInSink {
    var sink: ConversionSink {
        get { next.sink }
        set { next.sink = newValue }
    }
}

extension EventFilter: EndsInSink where Next: EndsInSink {
    var sink: ConversionSink {
        get { next.sink }
        set { next.sink = newValue }
    }
}
