internal import Foundation
internal import Knobs
internal import Layout
internal import MQTT
internal import Measure
package import Storage

/// How fast the storage path is (topic trie, serialisation, buffer, write), beside the limit: a bare C++
/// loop that writes the same puts, encoded beforehand, in the same batches to as many databases with the
/// same options, but without statistics, listener or wrapper around RocksDB.
///
/// Both alternate and medians are compared. What teaches the topics is written before the clock starts in
/// both. The path is measured from the first message that is submitted to the commit of the last.
package struct StorageBenchmark {
    package struct Row: Codable, Sendable {
        package let batch: Int
        package let k: Int
        package let shards: Int
        package let serializer: String
        package let topics: Int
        package let storage_msgs_per_s: Double
        package let raw_msgs_per_s: Double
        package let ratio: Double
        /// Of each pair of runs, in order.
        package let ratios: [Double]
        package let messages: Int
        /// Heap bytes that the submitting thread allocated per message in the second half of the run: before, buffers
        /// may still grow to the depth that one shard's queue reaches.
        package let submit_allocated_bytes_per_msg: Double
        /// Heap bytes that encoding a message into a batch allocated, all topics known.
        package let encode_allocated_bytes_per_msg: Double
    }

    /// Batches for each shard that may wait before the sender pauses, so that buffers reach a size and keep it.
    private static let backlog = 4
    /// Times the backlog that is sent before the clock starts, so that every buffer has been full.
    private static let warmUps = 4
    private let messages: Int
    private let pairs: Int
    private let directory: String
    private let engine: EngineModel

    /// - Parameters:
    ///   - directory: a scratch directory that exists; what is written below it is removed.
    ///   - pairs: how often both are measured.
    package init(messages: Int, pairs: Int, directory: String, engine: EngineModel) {
        self.messages = messages
        self.pairs = pairs
        self.directory = directory
        self.engine = engine
    }

    /// - Parameter progress: called with one line before each pair.
    package func run(_ shape: StorageCase, progress: (String) -> Void) throws -> Row {
        let traffic = shape.traffic()
        var path: [Double] = [], raw: [Double] = [], submitted: [Double] = []
        for pair in 1...pairs {
            progress(
                "k \(shape.varying), \(shape.shards) shards, \(shape.topics) topics: pair \(pair) of \(pairs)"
            )
            let (rate, allocated) = try inScratch { try measurePath(shape, traffic, at: $0) }
            path.append(rate)
            submitted.append(allocated)
            raw.append(try inScratch { try measureRaw(shape, traffic, at: $0) })
        }
        let ratios = zip(path, raw).map { $0 / $1 }
        return Row(
            batch: shape.batch, k: shape.varying, shards: shape.shards,
            serializer: engine.format.values.rawValue, topics: shape.topics,
            storage_msgs_per_s: quantile(path, 0.5), raw_msgs_per_s: quantile(raw, 0.5),
            ratio: quantile(ratios, 0.5), ratios: ratios, messages: messages,
            submit_allocated_bytes_per_msg: quantile(submitted, 0.5),
            encode_allocated_bytes_per_msg: try inScratch {
                try measureEncoding(shape, traffic, at: $0)
            })
    }

    private func options(_ shape: StorageCase) -> StoreOptions {
        var setting = engine.standardSetting
        setting["n_shards"] = Int64(shape.shards)
        for items in ["local_write_buffer.max_items", "transaction.max_pending"] {
            setting[items] = Int64(shape.batch)
        }
        return StoreOptions(engine: engine, setting: setting)
    }

    private func inScratch<Result>(_ body: (String) throws -> Result) throws -> Result {
        let path = directory + "/run"
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: path) }
        return try body(path)
    }

    private func warmUp(_ shape: StorageCase) -> Int {
        Self.warmUps * Self.backlog * shape.batch * shape.shards
    }

    private static func submission() -> Submission {
        Submission(
            qos: .atLeastOnce, retain: false, intended: .now(),
            timestamp: Int64(wallClockMilliseconds()))
    }

    private func measurePath(
        _ shape: StorageCase, _ traffic: StorageCase.Traffic, at path: String
    ) throws -> (rate: Double, allocated: Double) {
        let store = try ShardedStore(at: path, options(shape), on: RocksEngine())
        defer { store.close() }
        let limit = Self.backlog * shape.batch * shape.shards
        func submit(_ publisher: Int, _ topic: [UInt8]) {
            store.submit(
                Self.submission(), from: traffic.publishers[publisher], topic: topic.span.bytes,
                properties: RawSpan(), payload: traffic.payload.span.bytes)
        }
        func wait(below depth: Int) throws {
            while store.depth > depth {
                if let failure = store.failure { throw failure }
                usleep(200)
            }
        }
        for lesson in traffic.lessons {
            submit(lesson.publisher, lesson.topic)
            if store.depth > limit { try wait(below: limit / 2) }
        }
        func send(_ count: Int) throws {
            for number in 0..<count {
                submit(
                    number % traffic.publishers.count,
                    traffic.topics[number % traffic.topics.count])
                if number % 64 == 0, store.depth > limit { try wait(below: limit / 2) }
            }
        }
        try send(warmUp(shape))
        try wait(below: 0)
        let began = MonotonicTime.now()
        try send(messages / 2)
        let before = Allocator.allocatedByThisThread
        try send(messages - messages / 2)
        let allocated = Allocator.allocatedByThisThread - before
        // Commits what waits without its timer, as the raw loop closes its last batches.
        store.close()
        let took = (MonotonicTime.now() - began).seconds
        if let failure = store.failure { throw failure }
        return (Double(messages) / took, Double(allocated) / Double(messages - messages / 2))
    }

    private func measureRaw(
        _ shape: StorageCase, _ traffic: StorageCase.Traffic, at path: String
    ) throws -> Double {
        var loop = RawLoop(options(shape))
        func add(_ publisher: Int, _ topic: [UInt8]) throws {
            try loop.add(
                Self.submission(), from: traffic.publishers[publisher], topic: topic.span.bytes,
                properties: RawSpan(), payload: traffic.payload.span.bytes)
        }
        func send(_ count: Int) throws {
            for number in 0..<count {
                try add(
                    number % traffic.publishers.count,
                    traffic.topics[number % traffic.topics.count])
            }
        }
        for lesson in traffic.lessons { try add(lesson.publisher, lesson.topic) }
        try send(warmUp(shape))
        loop.startMeasuring()
        try send(messages)
        loop.finish()
        return Double(messages) / (try loop.run(at: path)).seconds
    }

    /// Bytes that encoding allocates for each message once every topic is known and buffers have grown.
    private func measureEncoding(
        _ shape: StorageCase, _ traffic: StorageCase.Traffic, at path: String
    ) throws -> Double {
        var probe = try EncodingProbe(at: path, options(shape))
        func pass(_ count: Int) throws {
            for number in 0..<count {
                let topic = traffic.topics[number % traffic.topics.count]
                try probe.add(
                    Self.submission(),
                    from: traffic.publishers[number % traffic.publishers.count],
                    topic: topic.span.bytes, payload: traffic.payload.span.bytes)
            }
        }
        for lesson in traffic.lessons {
            try probe.add(
                Self.submission(), from: traffic.publishers[lesson.publisher],
                topic: lesson.topic.span.bytes, payload: traffic.payload.span.bytes)
        }
        try pass(10 * shape.batch)
        let before = Allocator.allocatedByThisThread
        try pass(20 * shape.batch)
        return Double(Allocator.allocatedByThisThread - before) / Double(20 * shape.batch)
    }
}
