import MQTT
import Replay
import TestSupport
import Traffic

/// A trace in a file, written packet by packet, a millisecond apart unless time passes between them.
struct TraceFile {
    var writer: TraceWriter
    var time: Int64 = 1_700_000_000_000_000_000
    private var versions: [Int: ProtocolVersion] = [:]

    init(_ path: String) throws { writer = TraceWriter(try OutputFile(path: path)) }

    /// What `body` writes, read and kept in the folder as long as that is there.
    static func recording(
        in folder: ScratchDirectory, _ body: (inout TraceFile) throws -> Void
    ) throws -> Recording {
        var file = try TraceFile(folder("a.dstrace"))
        try body(&file)
        try file.writer.finish()
        return try Recording(captures: [folder("a.dstrace")])
    }

    mutating func wait(seconds: Double) { time += Int64(seconds * 1e9) }

    mutating func open(_ connection: Int) {
        let peer = Endpoint(address: [192, 0, 2, 7], port: UInt16(50_000 + connection))
        writer.opened(connection, client: peer, at: time)
        versions[connection] = .v5
    }

    mutating func connect(
        _ connection: Int, _ client: String, _ version: ProtocolVersion = .v5, clean: Bool = true,
        keepAlive: UInt16 = 60, will: Will? = nil, _ properties: Property...
    ) throws {
        open(connection)
        let connect = Connect(
            version: version, clientID: client, cleanStart: clean, keepAlive: keepAlive,
            will: will, properties: properties)
        try send(.connect(connect), on: connection)
    }

    mutating func subscribe(_ connection: Int, _ filters: String...) throws {
        guard let id = PacketID(7) else { return }
        let subscriptions = filters.map { Subscription(filter: $0, qos: .atLeastOnce) }
        try send(
            .subscribe(Subscribe(packetID: id, subscriptions: subscriptions)), on: connection)
    }

    mutating func publish(
        _ connection: Int, _ topic: String, qos: UInt8 = 0, dup: Bool = false, id: UInt16 = 9,
        retain: Bool = false, _ properties: Property...
    ) throws {
        guard let qos = QoS(rawValue: qos) else { return }
        let publish = Publish(
            dup: dup, qos: qos, retain: retain, topic: topic,
            packetID: qos > .atMostOnce ? PacketID(id) : nil, properties: properties,
            payload: [0x31])
        try send(.publish(publish), on: connection)
    }

    mutating func leave(_ connection: Int, _ properties: Property...) throws {
        try send(.disconnect(Disconnect(properties: properties)), on: connection)
        close(connection, .disconnect)
    }

    mutating func send(
        _ packet: Packet, on connection: Int, _ direction: Direction = .toBroker
    ) throws {
        time += 1_000_000
        if case .connect(let connect) = packet { versions[connection] = connect.version }
        let version = versions[connection] ?? .v5
        var bytes: [UInt8] = []
        packet.write(to: &bytes, version: version)
        let content = try DecodedPacket.Content(bytes.span.bytes, version: version)
        writer.received(
            DecodedPacket(
                connection: connection, direction: direction, time: time, type: packet.type,
                version: version, content: content), bytes.span.bytes)
    }

    mutating func close(_ connection: Int, _ ending: Ending = .fin) {
        writer.closed(connection, version: versions[connection] ?? .v5, ending, at: time)
    }
}
