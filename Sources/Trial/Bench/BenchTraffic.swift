internal import Layout
internal import MQTT
internal import Measure
internal import Storage
internal import Traffic

/// What the benchmarks of the path and of the replay publish: QoS 1 messages of 200 bytes from 64 clients in turn, each
/// to a topic of its own, all of which one durable subscription matches.
enum BenchTraffic {
    static let clients = 64
    static let payload = 200
    static let filter = "bench/#"

    /// All of one length, so that the packet identifier stands at one place.
    static func name(_ client: Int) -> String { "bench-\(100 + client)" }

    static func message(_ client: Int) -> Publish {
        // Text that compresses about as sensor readings do: a fixed frame around a number.
        let text = "{\"device_id\": \"\(name(client))\", \"metric\": \"pm25\", \"value\": "
        let bytes = Array((text + String(repeating: "7.25, 3.125, ", count: 20)).utf8)
        return Publish(
            qos: .atLeastOnce, topic: "bench/\(name(client))/reading", packetID: PacketID(1),
            payload: Array(bytes.prefix(payload)))
    }

    static let address = Endpoint(address: [127, 0, 0, 1], port: 40_000)

    /// Puts of the same rows by a bare loop around RocksDB.
    /// - Returns: publishes per second.
    static func rawRate(_ publishes: Int, _ options: StoreOptions, at path: String) throws -> Double
    {
        var loop = RawLoop(options)
        let publishers = (0..<clients).map { client in
            let name = Array(name(client).utf8)
            return Publisher(
                PublisherHeader(
                    clientID: Self.name(client), peer: address.peerAddress, version: .v3_1_1,
                    username: nil, format: options.format),
                shard: ShardHash(of: name.span.bytes).shard(of: options.shards))
        }
        let empty: [UInt8] = []
        for number in 0..<publishes {
            let client = number % clients
            let message = message(client)
            let topic = Array(message.topic.utf8)
            try loop.add(
                Submission(
                    qos: .atLeastOnce, retain: false, intended: .now(),
                    timestamp: Int64(wallClockMilliseconds())),
                from: publishers[client], topic: topic.span.bytes, properties: empty.span.bytes,
                payload: message.payload.span.bytes)
        }
        loop.finish()
        return Double(publishes) / (try loop.run(at: path)).seconds
    }
}
