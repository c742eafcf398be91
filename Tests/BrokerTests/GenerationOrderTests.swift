import Broker
import Foundation
import Knobs
import Layout
import MQTT
import Measure
import Storage
import TestSupport
import Testing

/// A session reads one generation of a shard after the other.
@Suite struct GenerationOrderTests {
    /// A client over a real store: acknowledges what it is told to, and notes what came.
    private struct Client {
        let store: ShardedStore
        let sessions: SessionLayer
        private(set) var connection = 0
        private(set) var texts: [String] = []
        private var open: [PacketID] = []
        private var outbox = Outbox()

        init(_ store: ShardedStore) {
            self.store = store
            sessions = SessionLayer(store: store)
        }

        mutating func connect(_ filter: String?) throws {
            let peer = try #require(PeerAddress(bytes: [127, 0, 0, 1], port: 4_000))
            connection = sessions.opened(from: peer)
            open = []
            send(
                .connect(
                    Connect(
                        version: .v5, clientID: "reader", cleanStart: false,
                        properties: [.sessionExpiryInterval(3_600)])))
            guard let filter else { return }
            send(
                .subscribe(
                    Subscribe(
                        packetID: try #require(PacketID(1)),
                        subscriptions: [Subscription(filter: filter, qos: .atLeastOnce)])))
        }

        mutating func cut() { sessions.closed(connection, at: .now(), into: &outbox) }

        private mutating func send(_ packet: Packet) {
            var bytes: [UInt8] = []
            packet.write(to: &bytes, version: .v5)
            sessions.receive(
                bytes.span.bytes, on: connection, intended: .now(), at: .now(), into: &outbox)
        }

        mutating func look(acknowledging: Bool) throws {
            sessions.poll(at: .now(), into: &outbox)
            let items = outbox.items, bytes = outbox.bytes
            outbox.removeAll()
            for case .packet(_, let range) in items {
                guard
                    case .publish(let publish) = try Packet.read(
                        bytes.span.bytes.extracting(range), version: .v5)
                else { continue }
                texts.append(String(decoding: publish.payload, as: UTF8.self))
                if let id = publish.packetID { open.append(id) }
            }
            guard acknowledging else { return }
            let ids = open
            open = []
            for id in ids { send(.puback(Acknowledgement(packetID: id))) }
        }

        mutating func wait(
            _ what: String, acknowledging: Bool = true, until done: (Client) -> Bool
        ) throws {
            let deadline = MonotonicTime.now() + .seconds(30)
            while !done(self) {
                try #require(MonotonicTime.now() < deadline, "\(what)")
                try look(acknowledging: acknowledging)
                usleep(200)
            }
        }
    }

    private static func publish(_ numbers: Range<Int>, to store: ShardedStore) throws {
        let peer = try #require(PeerAddress(bytes: [127, 0, 0, 1], port: 4_000))
        let name = Array("sender".utf8), before = store.committed(in: 0)
        let sender = Publisher(
            PublisherHeader(
                clientID: "sender", peer: peer, version: .v5, username: nil, format: store.format),
            shard: ShardHash(of: name.span.bytes).shard(of: 1))
        for number in numbers {
            let topic = Array("t/\(number % 15)".utf8), payload = Array("\(number)".utf8)
            store.submit(
                Submission(
                    qos: .atLeastOnce, retain: false, intended: .now(),
                    timestamp: Int64(wallClockMilliseconds())),
                from: sender, topic: topic.span.bytes, properties: RawSpan(),
                payload: payload.span.bytes)
        }
        while store.committed(in: 0) < before + numbers.count { usleep(200) }
    }

    /// Fails if a later generation is read before an older one is finished, if it is not read then, or if the
    /// tables of session state are not told.
    @Test func olderGenerationsComeFirstAndAreNotedWhenFinished() throws {
        let scratch = ScratchDirectory()
        let options = StoreOptions(
            engine: .emqx58Local,
            setting: Setting(["n_shards": 1, "local_write_buffer.flush_interval": 5]))
        let store = try ShardedStore(at: scratch.path, options, on: RocksEngine())
        defer { store.close() }
        var client = Client(store)
        try client.connect("t/+")
        try Self.publish(0..<300, to: store)
        // Nothing is acknowledged: the window and the batches of the streams are full, and stay so.
        try client.wait("the window fills", acknowledging: false) { $0.texts.count >= 32 }
        for _ in 0..<100 {
            try client.look(acknowledging: false)
            usleep(200)
        }
        #expect(client.texts.count == 32, "the window")
        client.cut()
        try store.addGeneration()
        try Self.publish(300..<600, to: store)
        try store.addGeneration()
        try Self.publish(600..<700, to: store)
        try client.connect(nil)
        try client.wait("everything comes") { Set($0.texts).count == 700 }
        let numbers = client.texts.compactMap(Int.init).dropFirst(32)
        for topic in 0..<15 {
            let lane = numbers.filter { $0 % 15 == topic }
            #expect(lane == lane.sorted(), "topic \(topic)")
        }
        let generations = numbers.map { $0 < 300 ? 1 : $0 < 600 ? 2 : 3 }
        #expect(generations == generations.sorted())

        client.cut()
        var rows: [StateKey: StateValue] = [:]
        let deadline = MonotonicTime.now() + .seconds(30)
        func streamGenerations() -> Set<Int> {
            Set(
                rows.keys.compactMap { key in
                    if case .stream(_, let address) = key { address.generation } else { nil }
                })
        }
        // State committed on the way may be read first; what the goodbye commits is the last. Finished streams have no
        // rows then.
        while rows[.rank(0)] != .rank(2) || streamGenerations() != [3] {
            try #require(MonotonicTime.now() < deadline, "\(rows)")
            rows = try store.sessionRows(of: "reader")
            usleep(200)
        }
    }
}
