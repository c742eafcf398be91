internal import MQTT

/// Counts events as a capture would have been counted, for traces that come from none, or from a part of one.
struct EventCensus {
    private(set) var tally = FrameTally()
    /// Whether each connection has been counted as having a CONNECT.
    private var connections = ConnectionTable<Int, Bool>()

    mutating func opened(at time: Int64) { note(time) }

    /// It was counted in the file before.
    mutating func goesOn(_ connection: Int) { connections.states[connection] = true }

    mutating func received(_ packet: DecodedPacket, _ count: Int) {
        note(packet.time)
        tally.quality.decodedBytes += count
        if connections.states[packet.connection] == nil {
            connections.states[packet.connection] = false
            tally.streams += 1
            tally.withoutConnect += 1
        }
        if packet.type == .connect, !packet.isInferred,
            connections.states[packet.connection] == false
        {
            connections.states[packet.connection] = true
            tally.withoutConnect -= 1
        }
    }

    mutating func closed(_ connection: Int) {
        if connections.states[connection] != nil { connections.end(connection) }
    }

    /// For the file that goes on: its connections are counted where they began.
    func goingOn() -> EventCensus {
        var other = EventCensus()
        other.connections.states = connections.states.mapValues { _ in true }
        return other
    }

    private mutating func note(_ time: Int64) {
        tally.firstTime = min(tally.firstTime, time)
        tally.lastTime = max(tally.lastTime, time)
    }
}
