internal import MQTT
package import Measure
package import Traffic

/// The timeline of a trace that is in memory.
///
/// What a client sent only because of what its broker sent is left out: each broker is answered as it asks.
/// Who was still connected when the recording ended is closed at its end, as `.endOfCapture`.
package final class TraceTimeline: Timeline {
    private let trace: Trace
    private var cast = Cast()
    private var place = 0
    private var prelude = StepQueue()
    /// Of the last step: its packet in the trace, or a copy of one of the prelude's.
    private var packet = 0..<0
    private var made: [UInt8] = []

    private let times: RecordedTimes

    package convenience init(_ trace: Trace) { self.init(trace, older: [], RecordedTimes()) }

    /// - Parameter older: sessions that are there before the trace begins.
    init(_ trace: Trace, older: [OlderSession], _ times: RecordedTimes) {
        (self.trace, self.times) = (trace, times)
        for session in older { session.enter(&prelude, &cast) }
    }

    package var clients: [TimelineClient] { cast.clients }

    package func next() -> TimelineStep? {
        packet = 0..<0
        if let step = prelude.next(&made) { return step }
        made = []
        while place < trace.events.count {
            let event = trace.events[place]
            place += 1
            if let step = cast.step(for: recorded(event)) {
                if case .packet(let sent) = event.kind { packet = sent.bytes }
                return step
            }
        }
        return cast.closeNext()
    }

    package func withPacket(_ body: (RawSpan) -> Void) {
        guard made.isEmpty else { return made.withPacket(body) }
        trace.packets.withUnsafeBytes { body($0.bytes.extracting(packet)) }
    }

    package func answerDelays(of client: Int) -> [Nanoseconds?] {
        times.acknowledgementDelays(of: clients[client].clientID)
    }

    private func recorded(_ event: Trace.Event) -> RecordedEvent {
        let kind: RecordedEvent.Kind =
            switch event.kind {
            case .opened: .opened(trace.connections[event.connection])
            case .packet(let sent):
                .packet(sent.type, qos: sent.qos, packetIDOffset: sent.packetIDOffset)
            case .closed: .closed(event.ending ?? .endOfCapture)
            }
        return RecordedEvent(offset: event.offset, connection: event.connection, kind: kind)
    }
}
