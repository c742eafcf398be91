internal import MQTT
package import Measure

extension Trace {
    /// Puts a trace together, event by event. Times may count from anywhere.
    package struct Builder {
        private var connections: [Connection] = []
        private var events: [StoredEvent] = []
        private var packets: [UInt8] = []

        package init() {}

        /// - Returns: the number of the connection for what follows.
        package mutating func open(_ connection: Connection, at time: Nanoseconds) -> Int {
            connections.append(connection)
            events.append(
                StoredEvent(
                    time: time.count, connection: UInt32(connections.count - 1),
                    first: StoredEvent.opened))
            return connections.count - 1
        }

        /// - Parameters:
        ///   - packet: exactly one packet, which is copied.
        ///   - packetIDOffset: where its identifier is, or 0.
        package mutating func append(
            _ packet: RawSpan, packetIDOffset: Int, on connection: Int, at time: Nanoseconds
        ) {
            precondition(packet.byteCount >= 2 && connection < connections.count)
            events.append(
                StoredEvent(
                    time: time.count, start: packets.count, length: UInt32(packet.byteCount),
                    connection: UInt32(connection), packetIDOffset: UInt32(packetIDOffset),
                    first: packet.byte(at: 0)))
            packet.withUnsafeBytes { packets.append(contentsOf: $0) }
        }

        package mutating func close(_ connection: Int, _ ending: Ending, at time: Nanoseconds) {
            precondition(connection < connections.count)
            let number = Ending.allCases.firstIndex(of: ending) ?? 0
            events.append(
                StoredEvent(
                    time: time.count, connection: UInt32(connection), first: StoredEvent.closed,
                    ending: UInt8(number)))
        }

        package consuming func build() -> Trace {
            var sorted = events
            if !zip(events, events.dropFirst()).allSatisfy({ $0.time <= $1.time }) {
                // Equal times stay in the order in which they were told.
                sorted = events.enumerated()
                    .sorted { ($0.element.time, $0.offset) < ($1.element.time, $1.offset) }
                    .map(\.element)
            }
            let start = sorted.first?.time ?? 0
            for index in sorted.indices { sorted[index].time -= start }
            return Trace(connections: connections, events: Events(stored: sorted), packets: packets)
        }

        /// A connection whose CONNECT was not seen is opened before it is known what it speaks: this says
        /// so later and supplies the CONNECT, at the place that `reserveConnect` kept.
        mutating func declare(_ connection: Connection, _ number: Int, at event: Int) {
            connections[number] = connection
            guard event < events.count, events[event].length == 0 else { return }
            events[event].start = packets.count
            Connect(version: connection.version, clientID: connection.clientID).write(to: &packets)
            events[event].length = UInt32(packets.count - events[event].start)
            events[event].first = PacketType.connect.rawValue << 4
        }

        /// - Returns: the place of a CONNECT that is still to come.
        mutating func reserveConnect(on connection: Int, at time: Nanoseconds) -> Int {
            events.append(
                StoredEvent(
                    time: time.count, connection: UInt32(connection), first: StoredEvent.opened))
            return events.count - 1
        }
    }
}
