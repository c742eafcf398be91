internal import MQTT

extension Trace {
    /// Reads captures that belong together, oldest first, once, for both the trace and the inspection.
    ///
    /// - Throws: `.noMQTT` if nothing was found, and whatever is wrong with a file.
    package static func load(
        captures paths: [String], options: ReadingOptions = ReadingOptions()
    ) throws(CaptureError) -> (trace: Trace, inspection: Inspection) {
        let reading = try TrafficReading(paths, Both(Inspector(), TraceRecorder()), options: options)
        let (inspector, recorder) = (reading.observer.first, reading.observer.second)
        let inspection = try Inspection(reading.summaries, reading.tally, inspector)
        return (recorder.builder.build(), inspection)
    }
}

/// Two observers of one pass.
struct Both<First: TrafficObserver, Second: TrafficObserver>: TrafficObserver {
    private(set) var first: First
    private(set) var second: Second

    init(_ first: First, _ second: Second) { (self.first, self.second) = (first, second) }

    mutating func opened(_ connection: Int, client: Endpoint, at time: Int64) {
        first.opened(connection, client: client, at: time)
        second.opened(connection, client: client, at: time)
    }

    mutating func identified(_ connection: Int, clientID: String, at time: Int64) {
        first.identified(connection, clientID: clientID, at: time)
        second.identified(connection, clientID: clientID, at: time)
    }

    var wantsMore: Bool { first.wantsMore || second.wantsMore }

    mutating func received(_ packet: DecodedPacket, _ bytes: RawSpan) {
        first.received(packet, bytes)
        second.received(packet, bytes)
    }

    mutating func closed(
        _ connection: Int, version: ProtocolVersion, _ ending: Ending, at time: Int64
    ) {
        first.closed(connection, version: version, ending, at: time)
        second.closed(connection, version: version, ending, at: time)
    }
}
