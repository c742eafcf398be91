package import MQTT
internal import Measure

/// Writes what clients send into a trace.
struct TraceRecorder: TrafficObserver {
    var builder = Trace.Builder()
    private var open: [Open?] = []

    private struct Open {
        let peer: Endpoint
        let openedAt: Int64
        /// Its number in the trace; nil until it has sent something.
        var number: Int?
        /// Where the CONNECT goes that was not seen.
        var reserved: Int?
        /// Whose it is, where other packets than the CONNECT told.
        var clientID = ""
    }

    mutating func opened(_ connection: Int, client: Endpoint, at time: Int64) {
        precondition(connection == open.count, "connections are told of in order")
        open.append(Open(peer: client, openedAt: time))
    }

    mutating func identified(_ connection: Int, clientID: String, at time: Int64) {
        open[connection]?.clientID = clientID
    }

    mutating func received(_ packet: DecodedPacket, _ bytes: RawSpan) {
        guard packet.direction == .toBroker, let connection = open[packet.connection] else {
            return
        }
        let time = Nanoseconds(packet.time)
        if case .other(.connect(let connect)) = packet.content {
            connected(connect, packet.connection, connection, time)
            return
        }
        // AUTH holds secrets, and the answers to them would be others.
        guard packet.type != .auth else { return }
        let number = connection.number ?? openUndeclared(packet.connection, connection)
        builder.append(bytes, packetIDOffset: packet.packetIDOffset(bytes), on: number, at: time)
    }

    mutating func closed(
        _ connection: Int, version: ProtocolVersion, _ ending: Ending, at time: Int64
    ) {
        guard let closing = open[connection] else { return }
        // It may have been there for the broker's messages only.
        let number = closing.number ?? openUndeclared(connection, closing)
        if let reserved = open[connection]?.reserved {
            builder.declare(undeclared(closing, version), number, at: reserved)
        }
        builder.close(number, ending, at: Nanoseconds(time))
        open[connection] = nil
    }

    private mutating func connected(
        _ connect: Connect, _ index: Int, _ connection: Open, _ time: Nanoseconds
    ) {
        // A second CONNECT on one connection is a mistake that brokers answer by closing it.
        guard connection.number == nil else { return }
        let number = builder.open(
            Trace.Connection(
                clientID: connect.clientID, version: connect.version, peer: connection.peer,
                connectSeen: true),
            at: time)
        open[index]?.number = number
        var bytes: [UInt8] = []
        connect.withoutSecrets.write(to: &bytes)
        builder.append(bytes.span.bytes, packetIDOffset: 0, on: number, at: time)
    }

    private mutating func openUndeclared(_ index: Int, _ connection: Open) -> Int {
        let time = Nanoseconds(connection.openedAt)
        let number = builder.open(undeclared(connection, .v3_1_1), at: time)
        open[index]?.number = number
        open[index]?.reserved = builder.reserveConnect(on: number, at: time)
        return number
    }

    private func undeclared(_ connection: Open, _ version: ProtocolVersion) -> Trace.Connection {
        Trace.Connection(
            clientID: connection.clientID, version: version, peer: connection.peer,
            connectSeen: false)
    }
}

extension DecodedPacket {
    /// Where in `bytes` the packet identifier is; 0 if there is none.
    package func packetIDOffset(_ bytes: RawSpan) -> Int {
        switch content {
        case .publish(let header): return header.qos == .atMostOnce ? 0 : header.packetIDOffset
        case .acknowledgement: return 2
        case .ping, .other(.disconnect): return 0
        case .other:
            var headerLength = 2
            while bytes.byte(at: headerLength - 1) >= 0x80 { headerLength += 1 }
            return headerLength
        }
    }
}

extension Connect {
    /// Who holds a trace must not be able to log in with it.
    package var withoutSecrets: Connect {
        var connect = self
        connect.hasPassword = false
        connect.properties.removeAll { if case .authenticationData = $0 { true } else { false } }
        return connect
    }
}
