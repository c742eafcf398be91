import Broker
import Foundation
import Glibc
import Layout
import MQTT
import Measure
import Storage

/// Publishers that write down, outside of the process, what the broker has acknowledged. It works on any
/// store, so that the same ledger judges a kill and, over a file system that forgets, a loss of power.
struct AcknowledgedWork {
    private let store: any DurableStore
    private let sessions: SessionLayer
    private let ledger: Int32
    private var outbox = Outbox()
    private var senders: [Int] = []
    /// Texts that are not answered yet, by connection and packet identifier.
    private var open: [Int: [UInt16: String]] = [:]
    private var sent: [Int: Int] = [:]
    /// What the broker has acknowledged in this process.
    private(set) var acknowledged = 0

    /// Answers that a sender waits for at most.
    private static let window = 40

    /// What follows the text of each message: bytes that do not compress.
    private let padding: [UInt8]

    /// - Parameter path: gets one line for each acknowledged message, as it is acknowledged: what was
    ///   written is the kernel's and stays when this process is killed.
    /// - Parameter padding: bytes behind the text of each message.
    init(on store: any DurableStore, ledger path: String, padding: Int = 0) throws {
        self.store = store
        var random = Seed(1).branch("padding")
        self.padding = (0..<padding).map { _ in UInt8(truncatingIfNeeded: random.next()) }
        sessions = SessionLayer(store: store)
        ledger = Glibc.open(path, O_WRONLY | O_CREAT | O_APPEND, 0o600)
        guard ledger >= 0, let peer = PeerAddress(bytes: [127, 0, 0, 1], port: 4_000) else {
            throw CocoaError(.fileWriteUnknown)
        }
        func connect(_ client: String, expiry: UInt32) -> Int {
            let connection = sessions.opened(from: peer)
            send(
                .connect(
                    Connect(
                        version: .v5, clientID: client, cleanStart: false,
                        properties: [.sessionExpiryInterval(expiry)])), on: connection)
            return connection
        }
        let reader = connect("reader", expiry: 3_600)
        send(
            .subscribe(
                Subscribe(
                    packetID: PacketID(1)!,
                    subscriptions: [Subscription(filter: "#", qos: .atLeastOnce)])), on: reader)
        sessions.closed(reader, at: .now(), into: &outbox)
        senders = (0..<4).map { connect("sender-\($0)", expiry: 3_600) }
        outbox.removeAll()
    }

    private func send(_ packet: Packet, on connection: Int) {
        var bytes: [UInt8] = [], nowhere = Outbox()
        packet.write(to: &bytes, version: .v5)
        sessions.receive(
            bytes.span.bytes, on: connection, intended: .now(), at: .now(), into: &nowhere)
    }

    /// One message from every sender that may send, at QoS 1 and 2, and everything that comes back.
    mutating func step() throws {
        for (number, connection) in senders.enumerated()
        where (open[connection]?.count ?? 0) < Self.window {
            let count = sent[connection, default: 0] + 1
            sent[connection] = count
            guard let id = PacketID(UInt16(count % 60_000 + 1)) else { continue }
            let text = "sender-\(number):\(count)"
            open[connection, default: [:]][id.rawValue] = text
            let publish = Publish(
                qos: number % 2 == 0 ? .atLeastOnce : .exactlyOnce,
                topic: "site/\(number)/\(count % 30)", packetID: id,
                payload: Array(text.utf8) + padding)
            var bytes: [UInt8] = []
            Packet.publish(publish).write(to: &bytes, version: .v5)
            sessions.receive(
                bytes.span.bytes, on: connection, intended: .now(), at: .now(), into: &outbox)
        }
        sessions.poll(at: .now(), into: &outbox)
        try collect()
    }

    private mutating func collect() throws {
        let items = outbox.items
        let bytes = outbox.bytes
        outbox.removeAll()
        for case .packet(let connection, let range) in items {
            switch try Packet.read(bytes.span.bytes.extracting(range), version: .v5) {
            case .puback(let answer): note(answer, connection)
            case .pubrec(let answer):
                note(answer, connection)
                send(.pubrel(Acknowledgement(packetID: answer.packetID)), on: connection)
            default: break
            }
        }
    }

    private mutating func note(_ answer: Acknowledgement, _ connection: Int) {
        guard let text = open[connection]?.removeValue(forKey: answer.packetID.rawValue),
            answer.reasonCode == 0
        else { return }
        acknowledged += 1
        let line = Array((text + "\n").utf8)
        _ = line.withUnsafeBytes { Glibc.write(ledger, $0.baseAddress, $0.count) }
    }

    /// The lines that were written to their end.
    static func acknowledged(in path: String) throws -> Set<String> {
        let text = try String(contentsOfFile: path, encoding: .utf8)
        return Set(
            text.split(separator: "\n", omittingEmptySubsequences: false).dropLast().map(
                String.init))
    }

    /// Payloads of all messages that a store holds.
    static func stored(in store: any DurableStore) throws -> [String] {
        let filter = try TopicFilter("#")
        var texts: [String] = []
        for shard in 0..<store.shards {
            var cursors = store.cursors(in: shard, matching: filter, after: 0)
            while !cursors.isEmpty {
                store.request(
                    ReadRequest(
                        session: 0, epoch: 0, shard: shard, cursors: cursors,
                        wanted: [Wanted(filter: filter, qos: .exactlyOnce)], limit: 1_000))
                var replies: [ReadReply] = []
                while replies.isEmpty {
                    usleep(500)
                    replies = store.takeReplies()
                }
                let batch = replies[0].messages
                for message in batch.messages {
                    texts.append(String(decoding: batch.bytes[message.payload], as: UTF8.self))
                }
                cursors = Array(replies[0].cursors.dropFirst(replies[0].complete))
            }
        }
        return texts
    }
}
