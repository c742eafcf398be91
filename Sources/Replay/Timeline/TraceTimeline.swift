package import MQTT
internal import Measure
package import Traffic

/// The timeline of a trace that is in memory.
///
/// What a client sent only because of what its broker sent is left out: each broker is answered as it asks.
/// Who was still connected when the recording ended is closed at its end, as `.endOfCapture`.
package final class TraceTimeline: Timeline {
    private let trace: Trace
    private var cast = Cast()
    private var place = 0
    /// Of the step before, in the trace's packets.
    private var packet = 0..<0
    /// Clients that are still connected at the end, the last first.
    private var remaining: [Int]?
    /// Packets on connections that their client had given up for another: nobody answered them.
    package private(set) var outlived = 0

    package init(_ trace: Trace) { self.trace = trace }

    package var clients: [TimelineClient] { cast.clients }

    package func next() -> TimelineStep? {
        packet = 0..<0
        while place < trace.events.count {
            let event = trace.events[place]
            place += 1
            if let step = step(event) { return step }
        }
        if remaining == nil { remaining = cast.connected.reversed() }
        return remaining?.popLast().map {
            TimelineStep(offset: trace.duration, client: $0, kind: .closed(.endOfCapture))
        }
    }

    package func withPacket(_ body: (RawSpan) -> Void) {
        trace.packets.withUnsafeBytes { body($0.bytes.extracting(packet)) }
    }

    /// - Returns: nil if the event is no deed of a client.
    private func step(_ event: Trace.Event) -> TimelineStep? {
        switch event.kind {
        case .opened:
            let connection = trace.connections[event.connection]
            let client = cast.open(
                event.connection, connection.clientID, connectSeen: connection.connectSeen)
            return TimelineStep(
                offset: event.offset, client: client,
                kind: .opened(from: connection.peer, version: connection.version))
        case .packet(let sent):
            guard !sent.type.answersTheBroker, let client = cast.client(of: event.connection)
            else { return nil }
            guard cast.isLatest(event.connection) else {
                outlived += 1
                return nil
            }
            packet = sent.bytes
            return TimelineStep(
                offset: event.offset, client: client,
                kind: .packet(sent.type, qos: sent.qos, packetIDOffset: sent.packetIDOffset))
        case .closed:
            guard let ending = event.ending, ending != .endOfCapture,
                let client = cast.close(event.connection)
            else { return nil }
            return TimelineStep(offset: event.offset, client: client, kind: .closed(ending))
        }
    }
}
