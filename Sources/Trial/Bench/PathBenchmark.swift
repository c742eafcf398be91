internal import Broker
internal import Foundation
internal import Knobs
internal import Layout
internal import MQTT
internal import Measure
internal import Storage
internal import Traffic

/// How fast the whole in-process path is, beside the limit: a raw RocksDB loop with the same puts.
///
/// QoS 1 publishes with 200-byte payloads from 64 clients to 16 shards, one durable subscription that
/// matches all of them and whose session is away; EMQX's options at full scale. The path counts from the
/// first packet to the commit of the last message.
package struct PathBenchmark {
    package struct Row: Codable, Sendable {
        package let inprocess_publishes_per_s: Double
        package let raw_publishes_per_s: Double
        package let ratio: Double
        /// Ratio of each pair of runs, in order.
        package let ratios: [Double]
        package let publishes: Int
        package let payload_bytes: Int
        /// Heap bytes that the session thread allocated per publish when no queue grows.
        package let allocated_bytes_per_publish: Double
        package let optimised_build: Bool
        package let rocksdb: String
    }

    /// Bursts and publishes in each, for counting allocations; as many come first and are not counted.
    private static let bursts = 10, burst = 1_024
    private static let drainBound = Nanoseconds.seconds(120)
    private let publishes: Int
    private let pairs: Int
    private let directory: String

    /// - Parameters:
    ///   - directory: a scratch directory that exists; what is written below it is removed.
    ///   - pairs: how often both are measured; they alternate and medians are compared.
    package init(publishes: Int, pairs: Int, directory: String) {
        self.publishes = publishes
        self.pairs = pairs
        self.directory = directory
    }

    /// - Parameter progress: called with one line before each run.
    package func run(progress: (String) -> Void) throws -> Row {
        var path: [Double] = [], raw: [Double] = [], allocated: [Double] = []
        for pair in 1...pairs {
            progress("pair \(pair) of \(pairs): in-process path")
            let (rate, bytes) = try inScratch { try measurePath(at: $0) }
            progress("pair \(pair) of \(pairs): raw RocksDB loop")
            raw.append(try inScratch { try BenchTraffic.rawRate(publishes, options, at: $0) })
            path.append(rate)
            allocated.append(bytes)
        }
        let ratios = zip(path, raw).map { $0 / $1 }
        return Row(
            inprocess_publishes_per_s: quantile(path, 0.5), raw_publishes_per_s: quantile(raw, 0.5),
            ratio: quantile(ratios, 0.5), ratios: ratios, publishes: publishes,
            payload_bytes: BenchTraffic.payload,
            allocated_bytes_per_publish: quantile(allocated, 0.5),
            optimised_build: isOptimisedBuild, rocksdb: RocksEngine.version)
    }

    private func inScratch<Result>(_ body: (String) throws -> Result) throws -> Result {
        let path = directory + "/run"
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: path) }
        return try body(path)
    }

    private var options: StoreOptions {
        StoreOptions(engine: .emqx58Local, setting: Setting())
    }

    private func measurePath(at path: String) throws -> (rate: Double, allocated: Double) {
        let store = try ShardedStore(at: path, options, on: RocksEngine())
        defer { store.close() }
        let broker = SessionLayer(store: store)
        let transport = InProcessTransport(broker, store: store)
        subscribe(over: transport)
        let connections = (0..<BenchTraffic.clients).map { client in
            let connection = open(transport)
            send(
                .connect(Connect(version: .v3_1_1, clientID: BenchTraffic.name(client))),
                on: connection,
                over: transport)
            return connection
        }
        var packets = (0..<BenchTraffic.clients).map { client in
            bytes(of: .publish(BenchTraffic.message(client)))
        }
        let first = packets[0]
        let idOffset = try PublishHeader.read(first.span.bytes, version: .v3_1_1).packetIDOffset

        var acknowledged = 0
        func collect() {
            transport.receive(at: .now()) { _, packet, _ in
                if packet.byteCount > 0, packet.unsafeLoad(as: UInt8.self) == 0x40 {
                    acknowledged += 1
                }
            }
        }
        let began = MonotonicTime.now()
        func publish(number: Int) {
            let client = number % BenchTraffic.clients
            let id = UInt16(truncatingIfNeeded: number % 65_535 + 1)
            packets[client][idOffset] = UInt8(id >> 8)
            packets[client][idOffset + 1] = UInt8(id & 0xFF)
            let packet = packets[client]
            transport.send(packet.span.bytes, on: connections[client], intended: began)
            if number % 32 == 31 { collect() }
        }
        for number in 0..<publishes { publish(number: number) }
        collect()
        try drain(store)
        // Where answers wait for the commit, the last ones have just become due.
        collect()
        let took = (MonotonicTime.now() - began).seconds
        precondition(acknowledged == publishes, "every publish is acknowledged")

        // The steady state: bursts that the store takes before the next one, so that no queue grows.
        var allocated: UInt64 = 0
        for burst in 0..<2 * Self.bursts {
            if burst == Self.bursts { allocated = Allocator.allocatedByThisThread }
            for number in 0..<Self.burst { publish(number: number) }
            collect()
            try drain(store)
        }
        allocated = Allocator.allocatedByThisThread - allocated
        return (Double(publishes) / took, Double(allocated) / Double(Self.bursts * Self.burst))
    }

    /// Waits until everything is committed; the last buffers are flushed by their timer.
    /// - Throws: the store's failure, or that the bound has passed.
    private func drain(_ store: ShardedStore) throws {
        let end = MonotonicTime.now() + Self.drainBound
        while store.depth > 0 {
            guard MonotonicTime.now() < end else {
                throw TrialError.environment(
                    "\(directory): \(store.depth) messages were not stored within "
                        + "\(Int(Self.drainBound.seconds)) s; use a faster disk or fewer --publishes"
                )
            }
            Thread.sleep(forTimeInterval: 0.001)
        }
        if let failure = store.failure { throw failure }
    }

    /// A durable session subscribes to everything and goes away.
    private func subscribe(over transport: InProcessTransport) {
        let connection = open(transport)
        send(
            .connect(Connect(version: .v3_1_1, clientID: "archiver", cleanStart: false)),
            on: connection, over: transport)
        guard let id = PacketID(1) else { return }
        send(
            .subscribe(
                Subscribe(
                    packetID: id,
                    subscriptions: [Subscription(filter: BenchTraffic.filter, qos: .atLeastOnce)])),
            on: connection, over: transport)
        send(.disconnect(Disconnect()), on: connection, over: transport)
        transport.receive(at: .now()) { _, _, _ in }
    }

    private func open(_ transport: InProcessTransport) -> Int {
        transport.open(from: BenchTraffic.address, at: .now())
    }

    private func send(_ packet: Packet, on connection: Int, over transport: InProcessTransport) {
        let bytes = bytes(of: packet)
        transport.send(bytes.span.bytes, on: connection, intended: .now())
    }

    private func bytes(of packet: Packet) -> [UInt8] {
        var bytes: [UInt8] = []
        packet.write(to: &bytes, version: .v3_1_1)
        return bytes
    }
}
