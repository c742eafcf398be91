internal import Broker
internal import Foundation
internal import Knobs
internal import Layout
internal import MQTT
internal import Measure
internal import Storage

/// What durable sessions cost while nobody is there: memory, a start that finds them, and a client that comes back to
/// a backlog.
package struct SessionBenchmark {
    package struct Row: Codable, Sendable {
        package let sessions: Int
        package let backlog: Int
        /// CONNECT, SUBSCRIBE and DISCONNECT through the codec, without sockets.
        package let connects_per_s: Double
        /// By which jemalloc's `stats.allocated` grew.
        package let allocated_bytes: Int
        /// The same for a broker that has just found them in their tables.
        package let restored_bytes: Int
        package let restore_s: Double
        /// From CONNECT to the first PUBLISH.
        package let first_message_ms: Double
        package let optimised_build: Bool
    }

    private let sessions: Int
    private let backlog: Int
    private let directory: String

    /// - Parameter directory: a scratch directory that exists; what is written below it is the caller's to remove.
    package init(sessions: Int, backlog: Int, directory: String) {
        self.sessions = sessions
        self.backlog = backlog
        self.directory = directory
    }

    /// - Parameter progress: called with one line before each part.
    /// - Throws: why a store cannot be opened; `TrialError` without jemalloc.
    package func run(progress: (String) -> Void) throws -> Row {
        progress("\(sessions) sessions come and go")
        let (rate, allocated) = try leave()
        progress("a start finds them")
        let engine = RocksEngine()
        let before = try Self.allocated()
        let store = try ShardedStore(at: directory + "/data", Self.options, on: engine)
        defer { store.close() }
        let broker = SessionLayer(store: store)
        let began = MonotonicTime.now()
        try broker.restore(at: began)
        let took = (MonotonicTime.now() - began).seconds
        let restored = try Self.allocated() - before
        progress("\(backlog) messages wait for one of them")
        let first = try fillAndResume(broker, store)
        return Row(
            sessions: sessions, backlog: backlog, connects_per_s: rate, allocated_bytes: allocated,
            restored_bytes: restored, restore_s: took, first_message_ms: first * 1_000,
            optimised_build: isOptimisedBuild)
    }

    private static var options: StoreOptions {
        StoreOptions(engine: .emqx58Local, setting: Setting())
    }

    private static func allocated() throws(TrialError) -> Int {
        guard let memory = Allocator.read() else {
            throw .environment(
                "jemalloc is not in this process, and without it memory is not counted")
        }
        return Int(memory.allocated.count)
    }

    /// Looks again every so often until `isDone`.
    private static func wait(
        for what: String, every microseconds: UInt32, _ store: ShardedStore,
        until isDone: () throws -> Bool
    ) throws {
        let end = MonotonicTime.now() + patience
        while try !isDone() {
            if let failure = store.failure { throw failure }
            guard MonotonicTime.now() < end else {
                throw TrialError.environment(
                    "waited \(Int(patience.seconds)) s for \(what); the disk is too slow for so many, ask for fewer"
                )
            }
            usleep(microseconds)
        }
    }

    /// Longer than any disk on which the figures would say something.
    private static let patience = Nanoseconds.seconds(60)
    /// Messages that may wait in storage, so that memory is not what is measured.
    private static let waiting = 10_000

    private func leave() throws -> (rate: Double, allocated: Int) {
        let store = try ShardedStore(at: directory + "/data", Self.options, on: RocksEngine())
        defer { store.close() }
        let broker = SessionLayer(store: store)
        let before = try Self.allocated()
        let began = MonotonicTime.now()
        var outbox = Outbox()
        for number in 0..<sessions {
            let connection = try connect(broker, Self.client(number), into: &outbox)
            let filter = Subscription(filter: "device/\(number)/cmd", qos: .atLeastOnce)
            send(
                .subscribe(Subscribe(packetID: Self.id(1), subscriptions: [filter])),
                on: connection, to: broker, into: &outbox)
            send(.disconnect(Disconnect()), on: connection, to: broker, into: &outbox)
            outbox.removeAll()
            if number % 256 == 255 { broker.poll(at: .now(), into: &outbox) }
        }
        let took = (MonotonicTime.now() - began).seconds
        // The tables have everything before memory is read, so that nothing under way is counted.
        try Self.wait(for: "the tables of sessions", every: 10_000, store) {
            try !store.sessionRows(of: Self.client(sessions - 1)).isEmpty
        }
        return (Double(sessions) / took, try Self.allocated() - before)
    }

    /// - Returns: seconds from CONNECT to the first message.
    private func fillAndResume(_ broker: SessionLayer, _ store: ShardedStore) throws -> Double {
        var outbox = Outbox()
        let sender = try connect(broker, "sender", into: &outbox)
        let payload = [UInt8](repeating: 0x78, count: 200)
        for number in 0..<backlog {
            send(
                .publish(
                    Publish(
                        qos: .atLeastOnce, topic: "device/0/cmd",
                        packetID: Self.id(UInt16(number % 65_535 + 1)), payload: payload)),
                on: sender, to: broker, into: &outbox)
            try Self.wait(for: "messages to be stored", every: 1_000, store) {
                store.depth <= Self.waiting
            }
            outbox.removeAll()
        }
        try Self.wait(for: "messages to be stored", every: 1_000, store) { store.depth == 0 }
        broker.poll(at: .now(), into: &outbox)
        outbox.removeAll()
        let began = MonotonicTime.now()
        let reader = try connect(broker, Self.client(0), into: &outbox)
        try Self.wait(for: "the first message", every: 100, store) {
            broker.poll(at: .now(), into: &outbox)
            defer { outbox.removeAll() }
            return outbox.items.contains { item in
                guard case .packet(reader, let range) = item else { return false }
                return outbox.bytes[range.lowerBound] >> 4 == PacketType.publish.rawValue
            }
        }
        return (MonotonicTime.now() - began).seconds
    }

    private func connect(
        _ broker: SessionLayer, _ client: String, into outbox: inout Outbox
    ) throws -> Int {
        guard let peer = PeerAddress(bytes: [127, 0, 0, 1], port: 1_883) else {
            preconditionFailure("four bytes are an address")
        }
        let connection = broker.opened(from: peer)
        send(
            .connect(
                Connect(
                    version: .v5, clientID: client, cleanStart: false,
                    properties: [.sessionExpiryInterval(86_400)])), on: connection, to: broker,
            into: &outbox)
        return connection
    }

    private func send(
        _ packet: Packet, on connection: Int, to broker: SessionLayer, into outbox: inout Outbox
    ) {
        var bytes: [UInt8] = []
        packet.write(to: &bytes, version: .v5)
        let now = MonotonicTime.now()
        broker.receive(bytes.span.bytes, on: connection, intended: now, at: now, into: &outbox)
    }

    private static func client(_ number: Int) -> String { "device-\(number)" }

    private static func id(_ number: UInt16) -> PacketID {
        guard let id = PacketID(number) else {
            preconditionFailure("packet identifiers are counted from 1")
        }
        return id
    }
}
