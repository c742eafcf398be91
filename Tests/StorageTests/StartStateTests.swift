import Foundation
import Layout
import MQTT
import Measure
import Storage
import TestSupport
import Testing

/// A database that was aged, counted, and cloned.
@Suite struct StartStateTests {
    private static let options = StoreOptions.test(["n_shards": 2], miniature: 256)
    private static let messages = 3_000
    private static let start: Int64 = 1_700_000_000_000, span: Int64 = 86_400_000

    private static let recorded: [Message] = (0..<700).map { number in
        let client = "client-\(number % 9)"
        return Message(
            client: client, topic: "site/\(number % 5)/device/\(number * 7 % 97)",
            payload: Array("\(client):\(number)".utf8))
    }

    /// - Returns: the closed store's inventory.
    private func age(_ directory: String) throws -> StoreInventory {
        try {
            let kept = RecordedMessages(shards: 2, RowFormat())
            for message in Self.recorded { kept.submit(message) }
            #expect(kept.count == Self.recorded.count)
            let store = try ShardedStore(
                at: directory, Self.options, on: RocksEngine(), latest: 0)
            defer { store.close() }
            let replayed = kept.replay(
                into: store, total: Self.messages, from: Self.start, span: Self.span
            ) { false }
            #expect(replayed == Self.messages)
            #expect(store.rest(within: .seconds(30)).done)
            try store.flushMemtables()
            #expect(store.rest(within: .seconds(30)).done)
            #expect(store.committed == Self.messages)
            #expect(store.tableBytesByShard.allSatisfy { $0 > 0 })
        }()
        return try StoreInventory(reading: directory)
    }

    /// Checklist 13, for the past as for the present: fails if the shard's clock starts at the wall clock, or
    /// if two messages share a microsecond.
    @Test func agedTimestampsRiseThroughTheTimeThatWasAsked() throws {
        let scratch = ScratchDirectory()
        _ = try age(scratch("aged"))
        var count = 0
        for shard in 0..<2 {
            let times = try timestamps(scratch("aged/\(shard)"))
            count += times.count
            #expect(Set(times).count == times.count)
            #expect(times.allSatisfy { UInt64(Self.start) * 1_000 <= $0 })
            #expect(times.allSatisfy { $0 < UInt64(Self.start + Self.span) * 1_000 })
            let (first, last) = (times.min() ?? 0, times.max() ?? 0)
            #expect(last - first > UInt64(Self.span) * 900, "nine tenths of a day")
        }
        #expect(count == Self.messages)
    }

    /// Of the data rows of a shard, microseconds.
    private func timestamps(_ path: String) throws -> [UInt64] {
        let database = try Database(
            path: path, shard: 0, options: OptionText.print(Self.options.databaseOptions),
            families: Self.options.engine.families.map {
                ColumnFamily(name: $0, options: OptionText.print(Self.options.familyOptions))
            }, on: RocksEngine())
        var times: [UInt64] = []
        var cursor = Cursor(database, family: EngineModel.Family.data)
        cursor.seek(UnsafeRawBufferPointer(start: nil, count: 0))
        while let row = try cursor.current({ key, value in
            (Array(key.suffix(8)), value.isEmpty)
        }) {
            if !row.1 { times.append(row.0.reduce(0) { $0 << 8 | UInt64($1) }) }
            cursor.next()
        }
        return times
    }

    /// Fails if a manifest or a log is linked, or a table is copied.
    @Test func onlyTablesAreShared() throws {
        let scratch = ScratchDirectory()
        let inventory = try age(scratch("aged"))
        try inventory.clone(scratch("aged"), to: scratch("clone"))
        #expect(inventory.files.contains { $0.isTable })
        for name in ["STORE", "0/CURRENT", "0/IDENTITY", "1/CURRENT"] {
            #expect(inventory.files.contains { $0.path == name }, "\(name)")
        }
        #expect(inventory.files.contains { $0.path.hasPrefix("0/MANIFEST-") })
        #expect(inventory.files.contains { $0.path.hasPrefix("0/OPTIONS-") })
        for file in inventory.files {
            let shared = try inode(scratch("aged/" + file.path)) == inode(scratch("clone/" + file.path))
            #expect(shared == file.isTable, "\(file.path)")
        }
        #expect(try StoreInventory(reading: scratch("clone")) == inventory, "cloning is deterministic")
    }

    private func inode(_ path: String) throws -> UInt64 {
        let attributes = try FileManager.default.attributesOfItem(atPath: path)
        return try #require(attributes[.systemFileNumber] as? NSNumber).uint64Value
    }

    /// What a clone learned, stored and rewrote is its own; what it began with can be read in it.
    @Test func aCloneGoesOnAndItsSourceStays() throws {
        let scratch = ScratchDirectory()
        let inventory = try age(scratch("aged"))
        let changes: [[String: Int64]] = [[:], ["level0_file_num_compaction_trigger": 1]]
        for (number, change) in changes.enumerated() {
            let path = scratch("clone-\(number)")
            try inventory.clone(scratch("aged"), to: path)
            let store = try ShardedStore(
                at: path, .test(["n_shards": 2].merging(change) { $1 }, miniature: 256),
                on: RocksEngine())
            defer { store.close() }
            let before = try lanes(store.rows(matching: "#"))
            #expect(before.values.reduce(0) { $0 + $1.count } == Self.messages)
            let streams = (0..<2).map { store.streamCount(in: $0) }
            for message in Self.recorded { store.submit(message) }
            try wait("commit") { store.committed == Self.recorded.count }
            #expect((0..<2).map { store.streamCount(in: $0) } == streams, "the trie was learned")
            try store.flushMemtables()
            #expect(store.rest(within: .seconds(30)).done)
            let rows = try store.rows(matching: "#")
            #expect(rows.count == Self.messages + Self.recorded.count)
        }
        #expect(try StoreInventory(reading: scratch("aged")) == inventory)
    }

    /// Fails if the clone believes the description alone.
    @Test func aSourceThatWasChangedIsRefused() throws {
        let scratch = ScratchDirectory()
        let inventory = try age(scratch("aged"))
        let table = try #require(inventory.files.first { $0.isTable })
        let path = scratch("aged/" + table.path)
        func refusal() -> String {
            var sentence = ""
            do throws(StartError) { try inventory.clone(scratch("aged"), to: scratch("clone")) } catch {
                sentence = error.description
            }
            #expect(FileManager.default.fileExists(atPath: scratch("clone")) == sentence.isEmpty)
            return sentence
        }
        let whole = try Data(contentsOf: URL(fileURLWithPath: path))
        try (whole + [0]).write(to: URL(fileURLWithPath: path))
        #expect(refusal().contains("\(whole.count) bytes when it was built, \(whole.count + 1) bytes now"))
        try FileManager.default.removeItem(atPath: path)
        #expect(refusal().contains("missing now"))
        try whole.write(to: URL(fileURLWithPath: path))
        #expect(refusal() == "")
        try FileManager.default.removeItem(atPath: scratch("clone"))
        try Data([1]).write(to: URL(fileURLWithPath: scratch("aged/0/000999.sst")))
        #expect(refusal().contains("000999.sst was not there"))
    }

    private static let elsewhere = "/dev/shm"

    /// Tables cannot be linked there; copying them would take the disk and the time that a night has.
    @Test(
        .enabled(
            if: device(elsewhere) != nil && device(elsewhere) != device(NSTemporaryDirectory()),
            "needs two file systems"))
    func anotherFileSystemIsOneClearError() throws {
        let scratch = ScratchDirectory()
        let inventory = try age(scratch("aged"))
        let target = Self.elsewhere + "/dstune-test-\(UUID().uuidString)"
        defer { try? FileManager.default.removeItem(atPath: target) }
        #expect(throws: StartError.otherDevice(scratch("aged"), target)) {
            try inventory.clone(scratch("aged"), to: target)
        }
        #expect(!FileManager.default.fileExists(atPath: target))
    }

    private static func device(_ path: String) -> UInt64? {
        let attributes = try? FileManager.default.attributesOfItem(atPath: path)
        return (attributes?[.systemNumber] as? NSNumber)?.uint64Value
    }
}
