internal import Foundation
package import MQTT

/// Writes traffic as lines of JSON, one event a line, so that people and scripts can read it; reading them
/// back gives the same events. The catalogue page JSONLines says what the lines hold.
///
/// What cannot be written is kept as `failure` and told by `finish`; nothing is written after it.
package struct JSONLinesWriter: TrafficObserver {
    package private(set) var failure: WriteError?
    private let output: OutputFile
    private var line = JSONText()
    private var waiting: [UInt8] = []
    private var scratch: [UInt8] = []
    private var connections = ConnectionTable<Int, Connection>()
    private var opened = 0

    private struct Connection {
        let number: Int
        var client: String?
        /// The one that a reader assumes by now.
        var version = ProtocolVersion.v3_1_1
    }

    /// Bytes that are written together.
    private static let batch = 1 << 16

    package init(_ output: OutputFile) { self.output = output }

    package var wantsMore: Bool { failure == nil }

    package mutating func opened(_ connection: Int, client: Endpoint, at time: Int64) {
        connections.states[connection] = Connection(number: opened)
        opened += 1
        guard begin(connection, at: time) else { return }
        line.member("type", LineType.open.rawValue)
        line.member("peer", client.description)
        end()
    }

    package mutating func identified(_ connection: Int, clientID: String, at time: Int64) {
        guard begin(connection, at: time) else { return }
        line.member("type", LineType.identified.rawValue)
        line.member("client", clientID)
        end()
        connections.states[connection]?.client = clientID
    }

    package mutating func received(_ packet: DecodedPacket, _ bytes: RawSpan) {
        let connection = packet.connection
        let whole = packet.withoutSecrets ?? packet.whole(bytes)
        if case .connect(let connect) = whole {
            connections.states[connection]?.client = connect.clientID
        }
        guard begin(connection, at: packet.time) else { return }
        if let client = connections.states[connection]?.client { line.member("client", client) }
        line.member("direction", packet.direction.jsonName)
        line.member("type", packet.type.name)
        note(packet.version, connection, always: packet.type == .connect)
        if packet.isInferred { line.flag("inferred", true) }
        guard let whole else {
            preconditionFailure("what was decoded once can be decoded again")
        }
        line.members(of: whole)
        spell(whole, packet, bytes)
        end()
        for case .assignedClientIdentifier(let client) in whole.connackProperties {
            connections.states[connection]?.client = client
        }
    }

    package mutating func closed(
        _ connection: Int, version: ProtocolVersion, _ ending: Ending, at time: Int64
    ) {
        guard begin(connection, at: time) else { return }
        line.member("type", LineType.close.rawValue)
        note(version, connection, always: false)
        line.member("ending", ending.jsonName)
        end()
        connections.end(connection)
    }

    /// Ends the file and gives it its name.
    ///
    /// - Parameter facts: of the captures that the events come from, if they are to be in it.
    /// - Throws: what went wrong first; the file is not there then.
    package mutating func finish(_ facts: TraceFacts? = nil) throws(WriteError) {
        if let facts {
            line.removeAll()
            line.write(facts)
            end()  // closes the object
        }
        flush()
        if let failure { throw failure }
        try output.finish()
    }

    /// - Returns: false if the connection was over so long ago that it is forgotten.
    private mutating func begin(_ connection: Int, at time: Int64) -> Bool {
        guard let number = connections.states[connection]?.number else { return false }
        line.removeAll()
        line.open()
        line.member("time", TimeText.iso(time))
        line.member("connection", number)
        return true
    }

    private mutating func note(_ version: ProtocolVersion, _ connection: Int, always: Bool) {
        guard always || connections.states[connection]?.version != version else { return }
        line.member("version", version.jsonName)
        connections.states[connection]?.version = version
    }

    /// The members of a line say what a packet means; where it is not spelled in the shortest way, they do
    /// not say how it lay on the wire, so its bytes come too.
    private mutating func spell(_ whole: Packet, _ packet: DecodedPacket, _ bytes: RawSpan) {
        scratch.removeAll(keepingCapacity: true)
        whole.asRead.write(to: &scratch, version: packet.version)
        if packet.withoutSecrets != nil {
            var bare: [UInt8] = []
            whole.write(to: &bare, version: packet.version)
            if bare != scratch { line.member("bytes", Data(bare).base64EncodedString()) }
            return
        }
        bytes.withUnsafeBytes { bytes in
            if !bytes.elementsEqual(scratch) {
                line.member("bytes", Data(bytes).base64EncodedString())
            }
        }
    }

    private mutating func end() {
        line.close()
        waiting.append(contentsOf: line.bytes)
        waiting.append(0x0A)
        if waiting.count >= Self.batch { flush() }
    }

    private mutating func flush() {
        defer { waiting.removeAll(keepingCapacity: true) }
        guard failure == nil else { return }
        do throws(WriteError) { try output.write(waiting.span.bytes) } catch { failure = error }
    }
}

/// Lines that are no packets.
enum LineType: String, CaseIterable {
    case open = "OPEN"
    case identified = "IDENTIFIED"
    case close = "CLOSE"
    case facts = "FACTS"
}

extension DecodedPacket {
    /// Built from its bytes, if it was not yet.
    func whole(_ bytes: RawSpan) -> Packet? {
        if case .other(let packet) = content { return packet }
        return try? Packet.read(bytes, version: version)
    }
}

extension Packet {
    fileprivate var connackProperties: [Property] {
        if case .connack(let connack) = self { connack.properties } else { [] }
    }
}

extension Direction {
    var jsonName: String { self == .toBroker ? "to_broker" : "to_client" }
}

extension Ending {
    /// As lines of JSON call it.
    var jsonName: String { self == .endOfCapture ? "end_of_capture" : rawValue }
}
