import Measure
import Storage
import TestSupport
import Testing

/// What reaches the disk is counted, and nothing else is changed by counting it.
@Suite struct DiskCountTests {
    /// Fails if a sync of the WAL were counted twice, not at all, or for another kind.
    @Test func theCountOfWALSyncsIsRocksDBsOwn() throws {
        let scratch = ScratchDirectory()
        let disk = try Disk()
        let engine = RocksEngine(on: disk)
        let database = try Rocks.open(scratch("db"), on: engine)
        for number in 0..<25 { try Rocks.put("s\(number)", in: database, sync: true) }
        for number in 0..<10 { try Rocks.put("n\(number)", in: database) }
        #expect(engine.ticker("rocksdb.wal.synced") == 25)
        let wal = disk.counts(of: .wal)
        #expect(wal.syncs == 25)
        #expect(wal.appends == 35)
        #expect(wal.creates == 1)
        // RocksDB counts batches; each record in the file has a header of 7 bytes (db/log_format.h).
        #expect(Int64(wal.appended.count) - 35 * 7 == engine.ticker("rocksdb.wal.bytes"))
        #expect(wal.added == .zero)
    }

    @Test func kindsAreToldApart() throws {
        let scratch = ScratchDirectory()
        let disk = try Disk()
        let engine = RocksEngine(on: disk)
        do {
            let database = try Rocks.open(scratch("db"), on: engine)
            // Not to be compressed.
            var bytes = Seed(1)
            try Rocks.put(
                "a", (0..<5_000).map { _ in UInt8(truncatingIfNeeded: bytes.next()) }, in: database)
        }
        // Opening again writes the WAL's contents into a table.
        do {
            let database = try Rocks.open(scratch("db"), on: engine)
            #expect(try Rocks.keys(of: database) == ["a"])
        }
        var log = try AppendFile(creating: scratch("0001.wal"), on: engine)
        try [UInt8](repeating: 1, count: 100).withUnsafeBytes { try log.append($0) }
        try log.sync()
        #expect(disk.counts(of: .sst).creates == 1)
        #expect(disk.counts(of: .sst).syncs == 1)
        #expect(disk.counts(of: .sst).read > Bytes(5_000))
        #expect(disk.counts(of: .wal).read > Bytes(5_000), "recovery read it")
        #expect(disk.counts(of: .manifest).syncs > 0)
        #expect(disk.counts(of: .manifest).renames > 1, "CURRENT, at each opening")
        #expect(disk.counts(of: .directory).syncs > 0)
        #expect(disk.counts(of: .other).renames > 0, "OPTIONS")
        let shared = disk.counts(of: .sharedLog)
        #expect(shared.creates == 1 && shared.appends == 1 && shared.syncs == 1)
        #expect(shared.appended == Bytes(100))
    }

    /// The composite Env of a disk forwards to the pools of the default one. In a process of its own, because
    /// they are one for the whole process.
    @Test func aDiskDoesNotChangeThePools() async {
        await #expect(processExitsWith: .success) {
            let scratch = ScratchDirectory()
            let engine = RocksEngine(on: try Disk())
            let store = try ShardedStore(at: scratch.path, .test(["n_shards": 16]), on: engine)
            #expect(store.shards == 16)
            #expect(engine.threads.high == 1)
            #expect(engine.threads.low == 1)
        }
    }

    /// The declared disk adds what the real one did not take: it is never faster than declared.
    @Test func aDeclaredDiskIsWaitedFor() throws {
        let scratch = ScratchDirectory()
        let model = DiskModel.slow.with {
            $0.write = .init(sustained: .gib(1))
            $0.read = .gib(1)
            $0.fsync = LatencyDistribution(always: .milliseconds(40))
        }
        let disk = try Disk(.modelled(model, Seed(1)))
        let engine = RocksEngine(on: disk)
        var log = try AppendFile(creating: scratch("a"), on: engine)
        // Before the append: what it takes more than declared, the next sync takes less.
        let began = MonotonicTime.now()
        try [UInt8](repeating: 1, count: 100).withUnsafeBytes { try log.append($0) }
        for _ in 0..<3 { try log.sync() }
        #expect(MonotonicTime.now() - began >= .milliseconds(120), "never faster than declared")
        #expect(disk.counts(of: .sharedLog).added > .zero)
        #expect(disk.counts(of: .sharedLog).syncs == 3)
    }
}
