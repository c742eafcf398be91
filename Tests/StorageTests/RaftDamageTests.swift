import Foundation
import MQTT
import Measure
import Storage
import TestSupport
import Testing

/// Files of the shared log that are not as they were left: a torn tail is cut, anything else is one clear
/// error.
@Suite struct RaftDamageTests {
    private static let entries = 10
    private static let options = StoreOptions.raft(["local_write_buffer.max_items": 1])

    private static let tens = StoreOptions.raft([
        "local_write_buffer.max_items": 10, "local_write_buffer.flush_interval": 1,
    ])

    /// A store with ten entries of one message each in its log file and nothing flushed, because its process
    /// was killed.
    private func killed(_ path: String) async {
        await #expect(processExitsWith: .signal(SIGKILL)) { [path = path as String] in
            let store = try ShardedStore(at: path, RaftDamageTests.options, on: RocksEngine())
            for number in 0..<RaftDamageTests.entries {
                store.submit(Message(client: "c", topic: "t", payload: Array("c:\(number)".utf8)))
            }
            try wait("all committed") { store.committed == RaftDamageTests.entries }
            kill(getpid(), SIGKILL)
        }
    }

    private static let log = "dsrepl/00000001.wal"
    private static let header = 36
    /// A record: three bytes of payload, client id and topic.
    private static let record = 3 + 1 + 1 + 232 + 143 + 27
    /// The first record also names its writer: `messages_0` and two bytes.
    private static let name = 12

    /// Opens a copy of the store at `path` after `damage` to its log file.
    private func reopen(
        _ path: String, _ damage: (inout [UInt8]) -> Void
    ) throws -> (texts: [String], error: StoreOpenError?) {
        let scratch = ScratchDirectory()
        let copy = scratch("copy")
        try FileManager.default.copyItem(atPath: path, toPath: copy)
        let file = URL(fileURLWithPath: copy + "/" + Self.log)
        var bytes = [UInt8](try Data(contentsOf: file))
        #expect(bytes.count == Self.header + Self.name + Self.entries * Self.record)
        damage(&bytes)
        try Data(bytes).write(to: file)
        do {
            let store = try ShardedStore(at: copy, Self.options, on: RocksEngine())
            defer { store.close() }
            let texts = try store.rows(matching: "#").map(\.text)
            // It goes on.
            store.submit(Message(client: "c", topic: "t", payload: Array("c:new".utf8)))
            try wait("one more") { store.committed == 1 }
            #expect(try store.rows(matching: "#").map(\.text) == texts + ["c:new"])
            return (texts, nil)
        } catch let error as StoreOpenError {
            return ([], error)
        }
    }

    private func texts(_ count: Int) -> [String] { (0..<count).map { "c:\($0)" } }

    /// Checklist 25. Fails if a record that is not whole is applied, or if one before it is not.
    @Test func aTornTailIsCut() async throws {
        let scratch = ScratchDirectory()
        await killed(scratch.path)
        let whole = try reopen(scratch.path) { _ in }
        #expect(whole.texts == texts(Self.entries))
        for lost in [1, 200, Self.record - 1, Self.record] {
            let torn = try reopen(scratch.path) { $0.removeLast(lost) }
            #expect(torn.texts == texts(Self.entries - 1), "\(lost) bytes")
        }
        let zeros = try reopen(scratch.path) { $0 += [UInt8](repeating: 0, count: 4_096) }
        #expect(zeros.texts == texts(Self.entries))
        let garbled = try reopen(scratch.path) { $0[$0.count - Self.record + 100] ^= 1 }
        #expect(garbled.texts == texts(Self.entries - 1))
        let empty = try reopen(scratch.path) { $0.removeLast($0.count - 10) }
        #expect(empty.texts == [])
    }

    /// Checklist 25. Fails if damage to an entry that was synced is taken for a torn tail: whole entries of
    /// later groups behind it would be lost without a word.
    @Test(arguments: [0, 40, 300]) func damageBeforeTheTailIsAnError(_ offset: Int) async throws {
        let scratch = ScratchDirectory()
        await killed(scratch.path)
        let start = Self.header + Self.name + 4 * Self.record
        let damaged = try reopen(scratch.path) { $0[start + offset] ^= 0x40 }
        let sentence = try #require(damaged.error).description
        #expect(sentence.contains(Self.log) && sentence.contains("byte \(start)"))
        #expect(sentence.contains("copy") && !sentence.contains("\n"))
    }

    /// A segment that is damaged or gone is missed, because entries of a shard have no gaps.
    @Test(arguments: [true, false]) func aSegmentIsMissed(_ isDeleted: Bool) throws {
        let scratch = ScratchDirectory()
        var options = Self.options
        if case .raft(var model) = options.engine.log {
            model.fileBytes = 2_000
            model.segmentEntries = 4
            options.engine.log = .raft(model)
        }
        try {
            let store = try ShardedStore(at: scratch.path, options, on: RocksEngine())
            defer { store.close() }
            for number in 0..<20 {
                store.submit(Message(client: "c", topic: "t", payload: Array("c:\(number)".utf8)))
            }
            try wait("all committed") { store.committed == 20 }
        }()
        let segments = try logFiles(of: scratch.path, endingIn: ".segment").keys.sorted()
        try #require(segments.count >= 3)
        let victim = scratch("dsrepl/" + segments[1])
        if isDeleted {
            try FileManager.default.removeItem(atPath: victim)
        } else {
            var bytes = try Data(contentsOf: URL(fileURLWithPath: victim))
            bytes[bytes.count - 3] ^= 1
            try bytes.write(to: URL(fileURLWithPath: victim))
        }
        for _ in 0..<2 {
            let error = #expect(throws: StoreOpenError.self) {
                _ = try ShardedStore(at: scratch.path, options, on: RocksEngine())
            }
            #expect(error?.path == scratch("dsrepl/" + segments[isDeleted ? 2 : 1]))
            #expect(error?.description.contains("entry") == true)
        }
    }

    /// An engine without a shared log would not see what is in it.
    @Test func anotherEngineIsRefused() throws {
        let scratch = ScratchDirectory()
        try ShardedStore(at: scratch.path, Self.options, on: RocksEngine()).close()
        let error = #expect(throws: StoreOpenError.self) {
            _ = try ShardedStore(at: scratch.path, .test(), on: RocksEngine())
        }
        #expect(error?.description.contains("raft") == true)
    }

    /// With fewer shards than it was made with, entries would have nowhere to go.
    @Test func fewerShardsAreRefused() async throws {
        let scratch = ScratchDirectory()
        await #expect(processExitsWith: .signal(SIGKILL)) { [path = scratch.path as String] in
            let store = try ShardedStore(
                at: path, .raft(["n_shards": 2, "local_write_buffer.max_items": 1]),
                on: RocksEngine())
            store.submit(Message(client: client(in: 1, of: 2), topic: "t", payload: [1]))
            try wait("committed") { store.committed == 1 }
            kill(getpid(), SIGKILL)
        }
        let error = #expect(throws: StoreOpenError.self) {
            _ = try ShardedStore(at: scratch.path, Self.options, on: RocksEngine())
        }
        #expect(error?.description.contains("n_shards") == true)
    }

    /// Files that may not grow past a size stand for a disk that refuses: batches that were refused are
    /// counted as lost, later ones are stored, and what was committed is there after a restart.
    ///
    /// Fails if the next group is written behind what a failed write left, or if indices have a gap.
    @Test func writingGoesOnAfterTheDiskRefused() async throws {
        let scratch = ScratchDirectory()
        let path = scratch("data"), ledger = scratch("ledger")
        await #expect(processExitsWith: .success) {
            [path = path as String, ledger = ledger as String] in
            signal(SIGXFSZ, SIG_IGN)
            let store = try ShardedStore(
                at: path, RaftDamageTests.tens, on: RocksEngine())
            var limit = rlimit(rlim_cur: 256 << 10, rlim_max: 256 << 10)
            #expect(setrlimit(__rlimit_resource_t(RLIMIT_FSIZE.rawValue), &limit) == 0)
            for number in 0..<1_500 {
                store.submit(
                    Message(
                        client: "c", topic: "t",
                        payload: Array("c:\(number):".utf8) + [UInt8](repeating: 1, count: 1_000)))
            }
            try wait("an end") { store.depth == 0 }
            let failure = try #require(store.failure)
            #expect(try #require(store.logCounts).failedGroups >= 3)
            #expect(failure.lost + store.committed == 1_500)
            #expect(store.committed > 1_000)
            try Data("\(store.committed)".utf8).write(
                to: URL(fileURLWithPath: ledger))
        }
        let committed = try #require(Int(String(contentsOfFile: ledger, encoding: .utf8)))
        let store = try ShardedStore(at: path, Self.tens, on: RocksEngine())
        defer { store.close() }
        let numbers = try store.rows(matching: "#").compactMap {
            Int($0.text.split(separator: ":")[1])
        }
        #expect(numbers.count == committed)
        #expect(numbers == numbers.sorted())
        #expect(Set(numbers).count == numbers.count)
    }
}
