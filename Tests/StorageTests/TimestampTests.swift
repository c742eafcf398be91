import Foundation
import Layout
import MQTT
import Measure
import Storage
import TestSupport
import Testing

/// Timestamps of a shard rise whatever the clock does, and what EMQX writes to keep them so (reference 3.4).
@Suite struct TimestampTests {
    private static let options = StoreOptions.test(["local_write_buffer.max_items": 1])

    /// Timestamps of all messages, in the order of their payloads.
    private static func timestamps(at path: String) throws -> [UInt64] {
        let rows = try rawRows(at: path, options, family: 1)
        return rows.filter { !$0.value.isEmpty }.map { key, value in
            (value, key.suffix(8).reduce(UInt64(0)) { $0 << 8 | UInt64($1) })
        }.sorted { $0.1 < $1.1 }.map(\.1)
    }

    /// The clock was an hour ahead and is set right before the restart.
    ///
    /// Checklist 13. Fails if the record is not read, or if a timestamp is taken from the clock alone.
    @Test func timestampsGoOnAfterAClockThatWentBack() throws {
        let scratch = ScratchDirectory()
        let hour: UInt64 = 3_600_000
        func store(_ count: Int, ahead: UInt64) throws -> UInt64 {
            let store = try ShardedStore(at: scratch.path, Self.options, on: RocksEngine())
            defer { store.close() }
            let topic = Array("t".utf8), payload: [UInt8] = [1]
            for _ in 0..<count {
                store.submit(
                    Submission(
                        qos: .atLeastOnce, retain: false, intended: .now(),
                        timestamp: Int64(wallClockMilliseconds() + ahead)),
                    from: publisher("c", shards: 1), topic: topic.span.bytes,
                    properties: RawSpan(), payload: payload.span.bytes)
            }
            try wait("the commits") { store.committed == count && store.depth == 0 }
            return store.now(in: 0)
        }
        let before = try store(5, ahead: hour)
        #expect(before > (wallClockMilliseconds() + hour / 2) * 1_000)
        let after = try store(5, ahead: 0)
        #expect(after == before + 5, "one microsecond a message")
        let all = try Self.timestamps(at: scratch("0"))
        #expect(all.count == 10 && Set(all).count == 10)
        #expect(all.last == after)
    }

    /// Checklist 16. Fails if a flush appends no record, more than one, or one of another size.
    @Test func everyFlushAppendsOneSmallRecord() throws {
        let scratch = ScratchDirectory()
        let store = try ShardedStore(
            at: scratch.path, .test(["n_shards": 2, "local_write_buffer.max_items": 1]),
            on: RocksEngine())
        func bytes() throws -> [UInt8] {
            Array(try Data(contentsOf: URL(fileURLWithPath: scratch("mnesia/latest.log"))))
        }
        #expect(try bytes().isEmpty)
        for number in 0..<8 {
            store.submit(Message(client: "c\(number)", topic: "t", payload: []))
        }
        store.close()
        let log = try bytes()
        let size = 8 + log[..<4].reduce(0) { $0 << 8 | Int($1) }
        #expect(size == Self.recordBytes)
        #expect(log.count == 8 * size)
        let term = try Term(decoding: log.span.bytes.extracting(8..<size))
        guard case .tuple(let commit) = term, case .list(let writes) = commit[4],
            case .tuple(let write)? = writes.first, case .tuple(let row) = write[1]
        else {
            Issue.record("not a commit record: \(term)")
            return
        }
        #expect(commit[0] == .atom("commit"))
        #expect(row[0] == .atom("emqx_ds_builtin_local_timestamp_tab"))
        #expect(write[2] == .atom("write"))
    }

    /// The term of a commit with one write to the table, with disk_log's eight bytes before it.
    private static let recordBytes = 194

    /// Mnesia dumps its log after so many writes; what matters here is that it does not grow for ever.
    @Test func theLogIsWrittenAnewFromTimeToTime() throws {
        let scratch = ScratchDirectory()
        let log = scratch("mnesia/latest.log")
        func size() throws -> Int { try Data(contentsOf: URL(fileURLWithPath: log)).count }
        let latest: UInt64
        do {
            let store = try ShardedStore(at: scratch.path, Self.options, on: RocksEngine())
            defer { store.close() }
            for _ in 0..<1_003 { store.submit(Message(client: "c", topic: "t", payload: [])) }
            try wait("the commits") { store.committed == 1_003 && store.depth == 0 }
            #expect(try size() == 3 * Self.recordBytes)
            latest = store.now(in: 0)
        }
        // A record that was not written to its end is passed over, and does not hide the next one.
        let file = try FileHandle(forWritingTo: URL(fileURLWithPath: log))
        file.seekToEndOfFile()
        file.write(Data([0, 0, 1, 0, 12, 33, 44, 55, 131, 104]))
        try file.close()
        let store = try ShardedStore(at: scratch.path, Self.options, on: RocksEngine())
        defer { store.close() }
        #expect(store.now(in: 0) >= latest)
        #expect(try size() == Self.recordBytes, "a log begins with one record a shard")
    }

    @Test func anEngineWithoutTheRecordLeavesNone() throws {
        let scratch = ScratchDirectory()
        var options = Self.options
        options.engine.recordsTimestamp = false
        let store = try ShardedStore(at: scratch.path, options, on: RocksEngine())
        store.submit(Message(client: "c", topic: "t", payload: []))
        store.close()
        #expect(!FileManager.default.fileExists(atPath: scratch("mnesia/latest.log")))
    }

    @Test func aRecordThatCannotBeWrittenIsNamed() throws {
        let scratch = ScratchDirectory()
        try FileManager.default.createDirectory(
            atPath: scratch("mnesia/latest.log.new"), withIntermediateDirectories: true)
        let error = #expect(throws: StoreOpenError.self) {
            _ = try ShardedStore(at: scratch.path, Self.options, on: RocksEngine())
        }
        #expect(error?.description.contains("latest.log.new") == true)
    }
}
