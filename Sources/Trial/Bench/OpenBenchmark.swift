internal import Foundation
internal import Glibc
internal import Knobs
internal import Layout
internal import MQTT
internal import Measure
package import Storage

/// How long a restart takes: opening aged shards after a clean close, once with everything in tables, and once
/// with a part still in the logs, which is what a broker leaves that never flushes when it stops.
package struct OpenBenchmark {
    package struct Row: Codable, Sendable {
        package let shards: Int
        /// Streams that each shard learned, on average: their rows are read back when it opens.
        package let streams_per_shard: Int
        package let messages: Int
        package let table_bytes: UInt64
        /// Median, fastest and slowest, everything in tables.
        package let open_s: Double
        package let open_min_s: Double
        package let open_max_s: Double
        /// The first opening when so many messages were in the logs and in no table.
        package let logged_messages: Int
        package let open_with_log_s: Double
        package let optimised_build: Bool
        package let rocksdb: String
    }

    private let engine: EngineModel
    private let shards: Int
    private let messages: Int
    private let logged: Int
    private let times: Int
    private let directory: String

    /// Lines, sites and metrics of the topics: the shape of which the reference (3.5) has a shard learn 4,043
    /// streams.
    private static let sites = 20, lines = 20, metrics = 12, devices = 8_000
    private static let payload = 200
    private static let waiting = 100_000
    private static let restBound = Nanoseconds.seconds(600)

    /// - Parameters:
    ///   - messages: that age the shards.
    ///   - logged: written afterwards and not flushed.
    ///   - times: how often it is opened with everything in tables.
    ///   - directory: a scratch directory that exists.
    package init(
        engine: EngineModel, shards: Int, messages: Int, logged: Int, times: Int,
        directory: String
    ) {
        self.engine = engine
        self.shards = shards
        self.messages = messages
        self.logged = logged
        self.times = times
        self.directory = directory
    }

    package func run(progress: (String) -> Void) throws -> Row {
        let path = directory + "/aged"
        progress("ageing \(shards) shards with \(messages) messages")
        let tables = try write(messages, from: 0, flushing: true, at: path)
        var opened: [Double] = []
        var streams = 0
        for time in 1...times {
            progress("opening, \(time) of \(times)")
            let (seconds, learned) = try open(path)
            opened.append(seconds)
            streams = learned
        }
        progress("writing \(logged) messages that stay in the logs")
        _ = try write(logged, from: messages, flushing: false, at: path)
        let (withLog, _) = try open(path)
        return Row(
            shards: shards, streams_per_shard: streams / shards, messages: messages,
            table_bytes: tables, open_s: quantile(opened, 0.5),
            open_min_s: opened.min() ?? 0, open_max_s: opened.max() ?? 0, logged_messages: logged,
            open_with_log_s: withLog, optimised_build: isOptimisedBuild,
            rocksdb: RocksEngine.version)
    }

    private var options: StoreOptions {
        StoreOptions(engine: engine, setting: Setting(["n_shards": Int64(shards)]))
    }

    /// Seconds until every shard takes writes, and the streams that all of them know.
    private func open(_ path: String) throws -> (seconds: Double, streams: Int) {
        let began = MonotonicTime.now()
        let store = try ShardedStore(at: path, options, on: RocksEngine())
        let took = (MonotonicTime.now() - began).seconds
        defer { store.close() }
        return (took, (0..<shards).reduce(0) { $0 + store.streamCount(in: $1) })
    }

    /// - Returns: bytes of the tables when they rest.
    private func write(
        _ count: Int, from first: Int, flushing: Bool, at path: String
    ) throws -> UInt64 {
        let store = try ShardedStore(at: path, options, on: RocksEngine())
        defer { store.close() }
        let publishers = (0..<Self.devices).map { device in
            let name = "device-\(device)"
            return Publisher(
                PublisherHeader(
                    clientID: name, peer: Self.peer, version: .v3_1_1, username: nil),
                shard: ShardHash(of: Array(name.utf8).span.bytes).shard(of: shards))
        }
        var payload = [UInt8](repeating: UInt8(ascii: " "), count: Self.payload)
        for number in first..<first + count {
            // Every topic once in a round, and the rounds are all alike.
            let device = number % Self.devices
            let metric = number / Self.devices % Self.metrics
            let topic = Array(
                "v1/site-\(device % Self.sites)/line-\(device / Self.sites % Self.lines)/device-\(device)/m-\(metric)"
                    .utf8)
            let text = Array("{\"value\": \(number)}".utf8)
            payload.replaceSubrange(0..<text.count, with: text)
            store.submit(
                Submission(
                    qos: .atLeastOnce, retain: false, intended: .now(),
                    timestamp: Int64(wallClockMilliseconds())),
                from: publishers[device], topic: topic.span.bytes, properties: RawSpan(),
                payload: payload.span.bytes)
            if number % 1_024 == 0 {
                while store.depth > Self.waiting, store.failure == nil { usleep(500) }
            }
        }
        if store.rest(within: Self.restBound).done, flushing {
            try store.flushMemtables()
            _ = store.rest(within: Self.restBound)
        }
        if let failure = store.failure { throw failure }
        return store.tableBytesByShard.reduce(0, +)
    }

    private static var peer: PeerAddress {
        guard let peer = PeerAddress(bytes: [127, 0, 0, 1], port: 40_000) else {
            preconditionFailure("four bytes are an address")
        }
        return peer
    }
}
