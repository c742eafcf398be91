internal import CRocks
internal import Foundation
internal import Layout
package import MQTT
package import Measure

/// The limit that the storage path is compared with: the same puts, encoded beforehand, in the same
/// batches, written to the same number of databases with the same options by a bare loop in C++ around
/// `rocksdb::DB::Write`, on one thread.
package struct RawLoop {
    /// Collects the puts of one shard's current batch, in the form that `crocks_raw_loop` reads.
    private struct Collector: PutSink {
        var bytes: [UInt8] = []
        var puts: UInt32 = 0

        mutating func put(
            _ key: UnsafeRawBufferPointer, _ value: UnsafeRawBufferPointer, family: Int
        ) {
            for number in [family, key.count, value.count] {
                withUnsafeBytes(of: UInt32(number).littleEndian) { bytes.append(contentsOf: $0) }
            }
            bytes.append(contentsOf: key)
            bytes.append(contentsOf: value)
            puts += 1
        }
    }

    private struct Shard {
        var trie: TopicTrie
        var encoder: MessageEncoder
        var collector = Collector()
        var messages = 0

        init(_ format: RowFormat) {
            trie = TopicTrie(format)
            encoder = MessageEncoder(after: 0, format)
        }

        mutating func encode(
            _ submission: Submission, from publisher: Publisher, topic: RawSpan,
            properties: RawSpan, payload: RawSpan
        ) throws(CodecError) {
            try encoder.encode(
                submission, from: publisher, topic: topic, properties: properties,
                payload: payload, learning: &trie, into: &collector)
            messages += 1
        }
    }

    private let options: StoreOptions
    private var shards: [Shard]
    private var targets: [UInt32] = []
    private var sizes: [UInt32] = []
    private var puts: [UInt8] = []
    package private(set) var messages = 0
    /// Batches, and their bytes, that `run` writes before its clock starts.
    private var unmeasured = (batches: 0, bytes: 0)

    package init(_ options: StoreOptions) {
        self.options = options
        shards = (0..<options.shards).map { _ in Shard(options.format) }
    }

    /// Encodes a message as the storage path would and appends its puts; batches close as buffers do when
    /// nothing but their size closes them.
    /// - Throws: when the properties are not those of a PUBLISH.
    package mutating func add(
        _ submission: Submission, from publisher: Publisher, topic: RawSpan, properties: RawSpan,
        payload: RawSpan
    ) throws(CodecError) {
        let number = publisher.shard
        try shards[number].encode(
            submission, from: publisher, topic: topic, properties: properties, payload: payload)
        messages += 1
        if shards[number].messages >= max(1, options.bufferItems - 1) { close(number) }
    }

    /// Closes what came so far: it is written before the clock starts.
    package mutating func startMeasuring() {
        finish()
        unmeasured = (targets.count, puts.count)
    }

    /// Closes the batches that are not full.
    package mutating func finish() {
        for number in shards.indices where shards[number].messages > 0 { close(number) }
    }

    private mutating func close(_ number: Int) {
        targets.append(UInt32(number))
        sizes.append(shards[number].collector.puts)
        puts += shards[number].collector.bytes
        shards[number].collector = Collector()
        shards[number].messages = 0
    }

    /// Writes everything into fresh databases below `directory`, without statistics or listeners.
    /// - Returns: the time the loop took for what came after `startMeasuring`; opening and closing are not
    ///   in it.
    package func run(at directory: String) throws -> Nanoseconds {
        let engine = RocksEngine.unobserved()
        let opened = try (0..<options.shards).map { number in
            let path = directory + "/\(number)"
            try FileManager.default.createDirectory(
                atPath: path, withIntermediateDirectories: true)
            return try OpenShard(path, number, options, engine)
        }
        var handles = opened.map { $0.database.raw as OpaquePointer? }
        try write(batches: 0..<unmeasured.batches, bytes: 0..<unmeasured.bytes, to: &handles)
        let began = MonotonicTime.now()
        try write(
            batches: unmeasured.batches..<targets.count, bytes: unmeasured.bytes..<puts.count,
            to: &handles)
        let took = MonotonicTime.now() - began
        withExtendedLifetime(opened) {}
        return took
    }

    private func write(
        batches: Range<Int>, bytes: Range<Int>, to handles: inout [OpaquePointer?]
    ) throws(RocksError) {
        let status = targets[batches].withUnsafeBufferPointer { targets in
            sizes[batches].withUnsafeBufferPointer { sizes in
                puts[bytes].withUnsafeBufferPointer { puts in
                    crocks_raw_loop(
                        &handles, targets.baseAddress, sizes.baseAddress, targets.count,
                        puts.baseAddress, puts.count)
                }
            }
        }
        try check(status)
    }

    /// Keeps a database, which cannot be copied, where an array wants something that can.
    private final class OpenShard {
        let database: Database

        init(
            _ path: String, _ number: Int, _ options: StoreOptions, _ engine: RocksEngine
        ) throws(RocksError) {
            database = try Database(
                path: path, shard: number, options: OptionText.print(options.databaseOptions),
                families: options.families, on: engine)
        }
    }
}
