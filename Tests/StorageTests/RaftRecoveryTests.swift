import Foundation
import Glibc
import MQTT
import Measure
import Storage
import Synchronization
import TestSupport
import Testing

/// What the shared log brings back: everything that was synced, once.
@Suite struct RaftRecoveryTests {
    static let shards = 3

    /// Small files, early releases: a short history passes through every kind of file.
    static let options = StoreOptions.raft([
        "n_shards": Int64(shards), "local_write_buffer.flush_interval": 1,
    ]) {
        $0.fileBytes = 12_000
        $0.segmentEntries = 8
        $0.releaseEntries = 12
        $0.snapshotEntries = 20
    }

    /// Nothing is released before it is asked for.
    static let unreleased = StoreOptions.raft([
        "n_shards": Int64(shards), "local_write_buffer.flush_interval": 1,
    ])

    /// The `number`-th message of the history that `seed` stands for.
    static func message(_ number: Int, _ seed: UInt64) -> Message {
        var chance = Seed(seed).branch("\(number)")
        let client = "s\(seed)-\(Int.random(in: 0..<7, using: &chance))"
        let topic =
            "site/\(Int.random(in: 0..<15, using: &chance))/device/\(Int.random(in: 0..<150, using: &chance))"
        let properties: [Property] =
            Bool.random(using: &chance)
            ? [] : [.contentType("text/plain"), .userProperty("k", "v")]
        return Message(
            client: client, topic: topic, properties: properties,
            payload: Array("\(client):\(number):".utf8)
                + [UInt8](repeating: 7, count: Int.random(in: 0..<300, using: &chance)))
    }

    /// Submits messages in bursts, each committed before the next, and writes into `ledger` how many that
    /// makes. Ends when the process is killed, or after `count`.
    static func run(_ store: ShardedStore, _ seed: UInt64, _ count: Int, ledger: String) throws {
        let file = try #require(fopen(ledger, "a"))
        setvbuf(file, nil, _IONBF, 0)
        defer { fclose(file) }
        var chance = Seed(seed).branch("bursts")
        var sent = 0
        while sent < count {
            let burst = min(Int.random(in: 1...12, using: &chance), count - sent)
            for number in sent..<sent + burst { store.submit(message(number, seed)) }
            sent += burst
            try wait("a burst") { store.committed == sent }
            fputs("\(sent)\n", file)
        }
    }

    /// Expects of every shard the beginning of what the history sent to it, with all that the ledger has.
    /// - Returns: the numbers that are there.
    @discardableResult
    static func check(_ store: ShardedStore, _ seed: UInt64, ledger: String) throws -> Set<Int> {
        let lines = try String(contentsOfFile: ledger, encoding: .utf8).split(separator: "\n")
        let promised = lines.last.flatMap { Int($0) } ?? 0
        let rows = try store.rows(matching: "#").filter { $0.client.hasPrefix("s\(seed)-") }
        let numbers = rows.compactMap { Int($0.text.split(separator: ":")[1]) }
        let there = Set(numbers)
        #expect(numbers.count == there.count, "no message is stored twice, seed \(seed)")
        #expect(Set(0..<promised).isSubset(of: there), "of \(promised), seed \(seed)")
        var ended: Set<Int> = []
        for number in 0..<promised + 100 {
            let shard = publisher(message(number, seed).client, shards: shards).shard
            if !there.contains(number) { ended.insert(shard) }
            #expect(
                !there.contains(number) || !ended.contains(shard),
                "a gap before \(number), seed \(seed)")
        }
        let model = MemoryStore(shards: shards)
        for number in there.sorted() { model.submit(message(number, seed)) }
        #expect(try lanes(rows) == lanes(model.rows(matching: "#")), "seed \(seed)")
        return there
    }

    /// Where the process is killed, and how often that point is passed before.
    struct KillPoint: Codable, Sendable, CustomStringConvertible {
        let name: String
        let passes: Int
        let seed: UInt64

        var description: String { "\(name) \(passes), seed \(seed)" }

        func isReached(by step: LogStep) -> Bool {
            switch step {
            case .appended: name == "appended"
            case .synced: name == "synced"
            case .copied: name == "copied"
            case .flushed: name == "flushed"
            case .snapshotted: name == "snapshotted"
            }
        }

        /// Options of a store that dies there.
        func arm(_ options: StoreOptions) -> StoreOptions {
            let left = Counter(passes)
            var armed = options
            armed.logSteps = { step in
                if isReached(by: step), left.next() { kill(getpid(), SIGKILL) }
            }
            return armed
        }
    }

    /// Checklist 15. Fails if an entry is acknowledged before it is synced, if a log file is deleted before
    /// its entries are in a segment, if a snapshot is written before the flush, if an entry that is applied
    /// twice leaves two rows, or if the trie that is read back does not suit the entries.
    @Test(arguments: [
        KillPoint(name: "appended", passes: 30, seed: 1),
        KillPoint(name: "synced", passes: 45, seed: 2),
        KillPoint(name: "copied", passes: 4, seed: 3),
        KillPoint(name: "flushed", passes: 2, seed: 4),
        KillPoint(name: "snapshotted", passes: 1, seed: 5),
    ])
    func recoveryEqualsTheModel(_ point: KillPoint) async throws {
        let scratch = ScratchDirectory()
        let path = scratch("data"), ledger = scratch("ledger")
        await #expect(processExitsWith: .signal(SIGKILL)) {
            [path = path as String, ledger = ledger as String, point = point as KillPoint] in
            let store = try ShardedStore(
                at: path, point.arm(RaftRecoveryTests.options), on: RocksEngine())
            try RaftRecoveryTests.run(store, point.seed, 3_000, ledger: ledger)
        }
        var there: Set<Int> = []
        for round in 0..<2 {
            let store = try ShardedStore(at: path, Self.options, on: RocksEngine())
            defer { store.close() }
            let again = try Self.check(store, point.seed, ledger: ledger)
            #expect(round == 0 || again == there, "\(point)")
            there = again
        }
        #expect(!there.isEmpty)
    }

    /// Checklist 25. Fails if an entry that is synced and not yet applied is gone after a kill.
    @Test func whatIsSyncedAndNotAppliedIsThere() async throws {
        let scratch = ScratchDirectory()
        await #expect(processExitsWith: .signal(SIGKILL)) { [path = scratch.path as String] in
            let point = KillPoint(name: "synced", passes: 9, seed: 0)
            let store = try ShardedStore(
                at: path, point.arm(RaftRecoveryTests.options), on: RocksEngine())
            for number in 0..<20 {
                store.submit(Message(client: "c", topic: "t", payload: Array("c:\(number)".utf8)))
                try wait("\(number)") { store.committed == number + 1 }
            }
        }
        let store = try ShardedStore(at: scratch.path, Self.options, on: RocksEngine())
        defer { store.close() }
        #expect(try store.rows(matching: "#").map(\.text) == (0..<10).map { "c:\($0)" })
        #expect(store.logCounts?.replayedEntries == 10)
    }

    /// Checklist 25. Fails if a group is acknowledged with its fdatasync left out, or if a log file, a segment
    /// or a snapshot is relied on before its name is durable: a loss of power then takes messages that were
    /// committed. The local backend without sync promises less, and loses its tail.
    @Test(arguments: [
        KillPoint(name: "synced", passes: 3, seed: 10),
        KillPoint(name: "synced", passes: 40, seed: 11),
        KillPoint(name: "copied", passes: 5, seed: 12),
        KillPoint(name: "snapshotted", passes: 2, seed: 13),
    ])
    func powerLossTakesNothingThatWasCommitted(_ point: KillPoint) async throws {
        let scratch = ScratchDirectory()
        let path = scratch("data"), ledger = scratch("ledger"), journal = scratch("journal")
        await #expect(processExitsWith: .signal(SIGKILL)) {
            [
                path = path as String, ledger = ledger as String, journal = journal as String,
                point = point as KillPoint
            ] in
            let store = try ShardedStore(
                at: path, point.arm(RaftRecoveryTests.options),
                on: RocksEngine(on: Disk(journal: journal)))
            try RaftRecoveryTests.run(store, point.seed, 3_000, ledger: ledger)
        }
        _ = try Disk.losePower(journal)
        let store = try ShardedStore(at: path, Self.options, on: RocksEngine())
        defer { store.close() }
        #expect(try !Self.check(store, point.seed, ledger: ledger).isEmpty)
    }

    /// Fails if an entry is applied again to another generation than the one it was in, or if what was dropped
    /// comes back.
    @Test(arguments: [true, false]) func replayKnowsGenerations(_ isDropped: Bool) async throws {
        let scratch = ScratchDirectory()
        await #expect(processExitsWith: .signal(SIGKILL)) {
            [path = scratch.path as String, isDropped = isDropped as Bool] in
            let store = try ShardedStore(at: path, RaftRecoveryTests.unreleased, on: RocksEngine())
            for number in 0..<40 {
                if number == 20 { try store.addGeneration() }
                store.submit(Message(client: "c", topic: "t", payload: Array("c:\(number)".utf8)))
                try wait("\(number)") { store.committed == number + 1 }
            }
            if isDropped { try store.dropGeneration(1) }
            kill(getpid(), SIGKILL)
        }
        let store = try ShardedStore(at: scratch.path, Self.unreleased, on: RocksEngine())
        defer { store.close() }
        let texts = (0..<40).map { "c:\($0)" }
        #expect(
            try store.rows(matching: "#").map(\.text) == (isDropped ? Array(texts[20...]) : texts))
        if !isDropped {
            #expect(store.generations(of: 0).map(\.number) == [1, 2])
            try store.dropGeneration(1)
            #expect(try store.rows(matching: "#").map(\.text) == Array(texts[20...]))
        }
    }

    /// Checklist 25. Fails if any message that was reported committed is gone after a kill at a random
    /// moment, in that round or in a later one of the same store. `DSTUNE_CRASH_ROUNDS` says how many rounds there
    /// are; a store has so many that reading all of it after each does not take longer than the kills.
    @Test func committedSurvivesKillsAtRandomMoments() async throws {
        let rounds =
            ProcessInfo.processInfo.environment["DSTUNE_CRASH_ROUNDS"].flatMap { UInt64($0) } ?? 5
        var chance = Seed(77).branch("kills")
        var left = max(1, rounds)
        while left > 0 {
            let together = min(left, 20)
            left -= together
            try await Self.survive(together, &chance)
        }
    }

    private static func survive(_ rounds: UInt64, _ chance: inout Seed) async throws {
        let scratch = ScratchDirectory()
        let path = scratch("data")
        var found: [UInt64: Set<Int>] = [:]
        for round in 1...rounds {
            let ledger = scratch("ledger-\(round)")
            try Data().write(to: URL(fileURLWithPath: ledger))
            let delay = Int.random(in: 5_000..<80_000, using: &chance)
            await #expect(processExitsWith: .signal(SIGKILL)) {
                [
                    path = path as String, ledger = ledger as String, round = round as UInt64,
                    delay = delay as Int
                ] in
                let store = try ShardedStore(
                    at: path, RaftRecoveryTests.options, on: RocksEngine())
                _ = try JoinedThread {
                    usleep(UInt32(delay))
                    kill(getpid(), SIGKILL)
                }
                try RaftRecoveryTests.run(store, round, 1_000_000, ledger: ledger)
            }
            let store = try ShardedStore(at: path, options, on: RocksEngine())
            defer { store.close() }
            for earlier in 1...round {
                let there = try check(store, earlier, ledger: scratch("ledger-\(earlier)"))
                #expect(earlier == round || there == found[earlier])
                found[earlier] = there
            }
        }
        #expect(found.values.contains { $0.count > 20 })
    }
}

/// Counts down from several threads.
final class Counter: Sendable {
    private let left: Mutex<Int>

    init(_ count: Int) { left = Mutex(count) }

    /// Whether this was the last one.
    func next() -> Bool {
        left.withLock { left in
            left -= 1
            return left < 0
        }
    }
}
