internal import MQTT

/// What decoding captures comes to when nothing more is asked of the packets: the figures behind
/// `dstune bench captures`.
package struct DecodingCount: Sendable, Equatable {
    package let frames: Int
    /// MQTT packets in both directions.
    package let packets: Int
    /// Of the files as they are on disk.
    package let bytes: Int

    /// Reads captures that belong together.
    ///
    /// - Parameters:
    ///   - interval: packets between two calls of `note`.
    ///   - note: called while the captures are being read, for whoever measures what that costs.
    package init(
        captures paths: [String], every interval: Int = .max, _ note: @escaping () -> Void = {}
    ) throws(CaptureError) {
        let counter = PacketCounter(interval: interval, note: note, next: interval)
        let reading = try TrafficReading(paths, counter)
        (frames, packets) = (reading.tally.frames, reading.observer.packets)
        bytes = reading.summaries.reduce(0) { $0 + $1.bytes }
    }

    /// Reads a capture that is in memory, with all that `inspect` and `replay` do to its packets: what
    /// damaged captures are tried on.
    package init(bytes: [UInt8], name: String) throws(CaptureError) {
        let counter = PacketCounter(interval: .max, note: {}, next: .max)
        let observer = Both(counter, Both(Inspector(), TraceRecorder()))
        let reading = try TrafficReading(try SourceList(bytes, name: name), observer)
        (frames, packets) = (reading.tally.frames, reading.observer.first.packets)
        self.bytes = bytes.count
        _ = try? Inspection(reading.summaries, reading.tally, reading.observer.second.first).text()
        _ = reading.observer.second.second.builder.build()
    }

    /// The decompressed bytes of a source, all at once.
    package static func decompressed(_ path: String) throws(CaptureError) -> [UInt8] {
        var input = try CaptureInput(path: path)
        var bytes: [UInt8] = []
        while try input.fill(1) {
            let (start, end) = (input.start, input.end)
            bytes += input.window[start..<end]
            input.take(end - start)
        }
        return bytes
    }
}

private struct PacketCounter: TrafficObserver {
    let interval: Int
    let note: () -> Void
    var next: Int
    var packets = 0

    mutating func opened(_ connection: Int, client: Endpoint, at time: Int64) {}

    mutating func received(_ packet: DecodedPacket, _ bytes: RawSpan) {
        packets += 1
        guard packets == next else { return }
        next += interval
        note()
    }

    mutating func closed(
        _ connection: Int, version: ProtocolVersion, _ ending: Ending, at time: Int64
    ) {}
}
