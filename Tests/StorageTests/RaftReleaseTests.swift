import Measure
import Storage
import TestSupport
import Testing

/// When the shared log forgets (reference 3.8): releases, snapshots, segments.
@Suite struct RaftReleaseTests {
    private static let one = ["local_write_buffer.max_items": Int64(1)]

    private func submit(_ count: Int, to store: ShardedStore, payload: Int = 100) throws {
        let before = store.committed
        for number in 0..<count {
            store.submit(
                Message(
                    client: "c", topic: "t",
                    payload: [UInt8](repeating: UInt8(number & 255), count: payload)))
        }
        try wait("\(count) entries") { store.committed == before + count }
    }

    private func counts(_ store: ShardedStore) throws -> LogCounts {
        try #require(store.logCounts)
    }

    /// Checklist 15. Fails if a release is acted on without Ra's gate (more than so many entries since the
    /// last snapshot), or if a second one begins while the first is being made.
    @Test func aReleaseIsActedOnOnlyWhenEnoughCameAndNoneIsPending() throws {
        let scratch = ScratchDirectory()
        let gate = Gate(at: .flushed(shard: 0))
        var options = StoreOptions.raft(Self.one) {
            $0.releaseEntries = 10
            $0.snapshotEntries = 50
        }
        options.logSteps = { gate.pass($0) }
        let engine = RocksEngine()
        let store = try ShardedStore(at: scratch.path, options, on: engine)
        defer { store.close() }
        defer { gate.open() }
        // Requests come with entries 11, 22, 33 and 44; the gate is 50.
        try submit(54, to: store)
        #expect(try counts(store).releaseRequests == 4)
        #expect(try counts(store).forcedFlushes == 0)
        try submit(1, to: store)
        try wait("the flush") { gate.reached == 1 }
        #expect(try counts(store).forcedFlushes == 1)
        // Its snapshot is pending.
        try submit(110, to: store)
        #expect(try counts(store).releaseRequests == 15)
        #expect(try counts(store).forcedFlushes == 1)
        gate.open()
        try wait("the snapshot") { try counts(store).snapshotBytes > .zero }
        // The snapshot is of entry 55; 176 is the next request.
        try submit(11, to: store)
        // Closing finishes what was begun.
        store.close()
        #expect(try counts(store).forcedFlushes == 2)
        let flushes = engine.takeEvents().filter {
            if case .flush = $0.kind { true } else { false }
        }
        #expect(flushes.contains { $0.columnFamily == EngineModel.Family.data })
        #expect(flushes.contains { $0.columnFamily == EngineModel.Family.trie })
    }

    /// Checklist 15. Fails if a message counts other than 40 bytes + client id + topic + payload, or if the
    /// limit does not shrink in a miniature.
    @Test(arguments: [UInt64(1), 10]) func bytesAskForAReleaseToo(_ miniature: UInt64) throws {
        let scratch = ScratchDirectory()
        var options = StoreOptions.raft(Self.one) {
            // Four messages of 40 + 1 + 1 + 58 bytes are not over it.
            $0.releaseBytes = 400 * miniature
        }
        options.miniature = miniature
        let store = try ShardedStore(at: scratch.path, options, on: RocksEngine())
        defer { store.close() }
        try submit(4, to: store, payload: 58)
        #expect(try counts(store).releaseRequests == 0)
        try submit(1, to: store, payload: 58)
        #expect(try counts(store).releaseRequests == 1)
        try submit(10, to: store, payload: 58)
        #expect(try counts(store).releaseRequests == 3)
        #expect(try counts(store).forcedFlushes == 0)
    }

    /// Checklist 15. Fails if a full file's entries are not copied, if the file stays, or if a segment holds
    /// more entries than it may.
    @Test func aFullFileIsCopiedToSegmentsAndDeleted() throws {
        let scratch = ScratchDirectory()
        let store = try ShardedStore(
            at: scratch.path,
            .raft(Self.one) {
                $0.fileBytes = 10_000
                $0.segmentEntries = 8
            }, on: RocksEngine())
        defer { store.close() }
        try submit(100, to: store)
        let full = try counts(store)
        #expect(full.rollovers >= 4)
        try wait("the copies") { try logFiles(of: scratch.path, endingIn: ".wal").count <= 1 }
        let left = try logFiles(of: scratch.path, endingIn: ".wal").values.reduce(0, +)
        let segments = try logFiles(of: scratch.path, endingIn: ".segment")
        let now = try counts(store)
        #expect(UInt64(segments.values.reduce(0, +)) == now.segmentBytes.count)
        #expect(segments.keys.allSatisfy { $0.hasPrefix("messages_0/") })
        // Without file headers and writers' names, everything is in segments or in the open file.
        let entry = 100 + 1 + 1 + 232 + 143 + 27
        let copied = segments.values.reduce(0) { $0 + $1 / entry }
        #expect(copied + left / entry == 100)
        #expect(segments.values.allSatisfy { $0 / entry <= 8 })
        #expect(segments.values.filter { $0 / entry == 8 }.count >= 8)
        #expect(store.loggedBytes == now.logBytes + now.segmentBytes)
    }

    /// Checklist 15. Fails if released entries are copied all the same.
    @Test func releasedEntriesAreNotCopied() throws {
        let scratch = ScratchDirectory()
        let store = try ShardedStore(
            at: scratch.path,
            .raft(Self.one) {
                $0.fileBytes = 60_000
                $0.releaseEntries = 10
                $0.snapshotEntries = 10
            }, on: RocksEngine())
        defer { store.close() }
        // A release is done after every eleventh entry, long before the file is full at 59 or more.
        while try counts(store).rollovers == 0 {
            let before = try counts(store).forcedFlushes
            try submit(11, to: store)
            try wait("a release") {
                try counts(store).snapshotBytes.count == 28 * UInt64(before + 1)
            }
        }
        try wait("the deletion") { try logFiles(of: scratch.path, endingIn: ".wal").count <= 1 }
        let now = try counts(store)
        #expect(now.segmentBytes.count <= 11 * 600)
        #expect(now.logBytes.count >= 30_000)
    }

    /// Checklist 15. Fails if a segment that could go does not open the gate, or is not deleted then.
    @Test func aRemovableSegmentLetsAReleaseThrough() throws {
        let scratch = ScratchDirectory()
        let store = try ShardedStore(
            at: scratch.path,
            .raft(Self.one) {
                $0.fileBytes = 10_000
                $0.releaseEntries = 40
            }, on: RocksEngine())
        defer { store.close() }
        try submit(40, to: store)
        try wait("segments") {
            try counts(store).segmentBytes > .zero
                && logFiles(of: scratch.path, endingIn: ".wal").count <= 1
        }
        #expect(try counts(store).forcedFlushes == 0)
        // The 41st asks, and 4,096 entries are far away.
        try submit(1, to: store)
        try wait("the release") {
            try logFiles(of: scratch.path, endingIn: ".segment").isEmpty
                || counts(store).releaseRequests == 0
        }
        #expect(try counts(store).forcedFlushes == 1)
    }

    /// Ra fills the first file after a start to a random part, half of it or more.
    @Test func theFirstFileEndsEarlyByChance() throws {
        var sizes: [UInt64] = []
        for seed in 1...4 as ClosedRange<UInt64> {
            let scratch = ScratchDirectory()
            var options = StoreOptions.raft(Self.one) { $0.fileBytes = 20_000 }
            options.seed = Seed(seed)
            let store = try ShardedStore(at: scratch.path, options, on: RocksEngine())
            defer { store.close() }
            while try counts(store).rollovers == 0 { try submit(1, to: store) }
            sizes.append(try counts(store).logBytes.count)
        }
        #expect(sizes.allSatisfy { $0 >= 10_000 && $0 < 21_000 }, "\(sizes)")
        #expect(Set(sizes).count > 1, "\(sizes)")
    }
}
