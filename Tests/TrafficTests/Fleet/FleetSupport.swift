import Foundation
import HOCON
import MQTT
import Traffic

/// A fleet from the text of a file.
func fleet(_ text: String) throws -> Fleet {
    try Fleet(reading: HOCONValue(parsing: text, file: "test.conf"), file: "test.conf")
}

/// What is wrong with the text of a fleet.
func fault(_ text: String) -> String {
    do {
        _ = try fleet(text)
        return "accepted"
    } catch { return "\(error)" }
}

/// A fleet that ships with the project.
func shippedFleet(_ name: String) throws -> Fleet {
    let path = URL(fileURLWithPath: #filePath)
        .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent().appendingPathComponent("Profiles/fleets/\(name).conf").path
    let bytes = [UInt8](try Data(contentsOf: URL(fileURLWithPath: path)))
    return try Fleet(reading: HOCONValue(parsing: bytes, file: path), file: path)
}

let shippedFleets = ["air-quality", "smart-meters", "vehicles"]

/// Keeps everything that it is told, read again from the bytes.
struct Collector: TrafficObserver {
    struct Entry {
        let connection: Int
        let direction: Direction
        /// Nanoseconds since the epoch.
        let time: Int64
        let version: ProtocolVersion
        let packet: Packet
    }

    struct End: Equatable {
        let connection: Int
        let ending: Ending
        let time: Int64
    }

    private(set) var entries: [Entry] = []
    private(set) var ends: [End] = []
    private(set) var openings: [Int64] = []
    private(set) var clients: [Int: String] = [:]
    /// Of everything, in order; to compare two runs.
    private(set) var digest: [UInt8] = []

    mutating func opened(_ connection: Int, client: Endpoint, at time: Int64) {
        precondition(connection == openings.count)
        openings.append(time)
        digest += Array("\(connection) \(client) \(time)\n".utf8)
    }

    mutating func received(_ packet: DecodedPacket, _ bytes: RawSpan) {
        guard let read = try? Packet.read(bytes, version: packet.version) else { return }
        entries.append(
            Entry(
                connection: packet.connection, direction: packet.direction, time: packet.time,
                version: packet.version, packet: read))
        if case .connect(let connect) = read { clients[packet.connection] = connect.clientID }
        digest += Array("\(packet.connection) \(packet.time) ".utf8)
        bytes.withUnsafeBytes { digest.append(contentsOf: $0) }
    }

    mutating func closed(
        _ connection: Int, version: ProtocolVersion, _ ending: Ending, at time: Int64
    ) {
        ends.append(End(connection: connection, ending: ending, time: time))
        digest += Array("\(connection) \(ending) \(time)\n".utf8)
    }

    /// PUBLISH packets in one direction, with the client at the other end.
    func publishes(_ direction: Direction) -> [(client: String, time: Int64, publish: Publish)] {
        entries.compactMap { entry in
            guard entry.direction == direction, case .publish(let publish) = entry.packet else {
                return nil
            }
            return (clients[entry.connection] ?? "", entry.time, publish)
        }
    }

    func packets(of client: String) -> [Entry] {
        entries.filter { clients[$0.connection] == client }
    }
}

/// Plays a fleet for as long as it says.
func play(_ fleet: Fleet, seed: UInt64 = 1) -> Collector {
    var collector = Collector()
    fleet.emit(into: &collector, seed: seed)
    return collector
}

extension Packet {
    var publish: Publish? { if case .publish(let publish) = self { publish } else { nil } }
    var connect: Connect? { if case .connect(let connect) = self { connect } else { nil } }
    var connack: Connack? { if case .connack(let connack) = self { connack } else { nil } }
}

extension Int64 {
    static let second: Int64 = 1_000_000_000
    static let millisecond: Int64 = 1_000_000
}
