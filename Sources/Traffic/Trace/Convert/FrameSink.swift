internal import MQTT

/// Writes frames, and ends connections a little later than it is told: what a broker had sent before it knew
/// of the end comes after it, and TCP carries nothing behind an end.
struct FrameSink: TrafficObserver {
    private var writer: PcapngWriter
    /// Connections that are over, in the order of their ends.
    private var over: [Closing] = []
    private var first = 0
    private var lastTime = Int64.min

    /// How long something may still come, in nanoseconds of the recording.
    private static let patience: Int64 = 1_000_000_000

    private struct Closing {
        let connection: Int
        let version: ProtocolVersion
        let ending: Ending
        let time: Int64
    }

    init(_ output: OutputFile) { writer = PcapngWriter(output) }

    var wantsMore: Bool { writer.wantsMore }

    mutating func opened(_ connection: Int, client: Endpoint, at time: Int64) {
        close(before: time)
        writer.opened(connection, client: client, at: time)
    }

    mutating func received(_ packet: DecodedPacket, _ bytes: RawSpan) {
        close(before: packet.time)
        guard let bare = packet.withoutSecrets else {
            writer.received(packet, bytes)
            return
        }
        var bytes: [UInt8] = []
        bare.write(to: &bytes, version: packet.version)
        writer.received(packet, bytes.span.bytes)
    }

    mutating func closed(
        _ connection: Int, version: ProtocolVersion, _ ending: Ending, at time: Int64
    ) {
        close(before: time)
        over.append(
            Closing(connection: connection, version: version, ending: ending, time: time))
    }

    mutating func finish() throws(WriteError) {
        close(before: .max)
        try writer.finish()
    }

    private mutating func close(before time: Int64) {
        if time < .max { lastTime = max(lastTime, time) }
        while first < over.count, over[first].time < time - Self.patience {
            let closing = over[first]
            writer.closed(
                closing.connection, version: closing.version, closing.ending, at: lastTime)
            first += 1
        }
        // What is done goes, now and then.
        if first > 1_024 || first == over.count {
            over.removeFirst(first)
            first = 0
        }
    }
}
