import Foundation
import Glibc
import Layout
import MQTT
import Measure
import Storage
import TestSupport
import Testing

/// Files that are missing, cut off or not as they were written: what is lost is what the mode did not promise,
/// or one sentence says which shard, which file, and what to do.
@Suite struct FaultFileTests {
    private static let options = StoreOptions.test(
        ["n_shards": 2, "local_write_buffer.max_items": 50], miniature: 256)

    private static let messages: [Message] = (0..<1_500).map { number in
        let client = "client-\(number % 7)"
        return Message(
            client: client, topic: "site/\(number % 3)/device/\(number * 7 % 53)",
            payload: Array("\(client):\(number)".utf8))
    }

    private static let sent = lanes(messages.map { Row($0) })

    /// - Parameter flushed: whether the rows are in tables, or in the log.
    private func fill(_ path: String, flushed: Bool) throws {
        let store = try ShardedStore(at: path, Self.options, on: RocksEngine())
        defer { store.close() }
        for message in Self.messages { store.submit(message) }
        try wait("commit") { store.committed == Self.messages.count }
        if flushed {
            try store.flushMemtables()
            #expect(store.rest(within: .seconds(30)).done)
        }
    }

    private func open(_ path: String) throws -> ShardedStore {
        try ShardedStore(at: path, Self.options, on: RocksEngine())
    }

    private func refusal(_ path: String) -> StoreOpenError? {
        let error = #expect(throws: StoreOpenError.self) { _ = try open(path) }
        #expect(error?.description.contains("\n") == false)
        return error
    }

    /// The newest of a shard's files with this suffix or prefix, and what is in it.
    private func newest(_ shard: String, _ matches: (String) -> Bool) throws -> (String, Data) {
        let names = try FileManager.default.contentsOfDirectory(atPath: shard).filter(matches)
        let path = shard + "/" + (try #require(names.sorted().last))
        return (path, try Data(contentsOf: URL(fileURLWithPath: path)))
    }

    /// Each client's and topic's rows are the first of those that were sent, and every shard's loss is one
    /// tail: the number of the first lost message is beyond that of every kept one.
    private func expectPrefix(
        _ rows: [Row], of shard: Int, _ comment: Comment
    ) {
        let mine = Self.messages.filter { publisher($0.client, shards: 2).shard == shard }
        #expect(rows.count <= mine.count, comment)
        let kept = mine.prefix(rows.count).map { Row($0) }
        #expect(lanes(rows) == lanes(kept), comment)
    }

    /// A crash may leave less of the last log than was written. Fails under a recovery mode that refuses to
    /// open, or that skips what it cannot read and goes on after it.
    @Test(arguments: 0..<12) func aTornTailOfTheLogLosesThatTailOnly(_ round: Int) throws {
        let scratch = ScratchDirectory()
        try fill(scratch.path, flushed: false)
        var chance = Seed(7).branch("torn \(round)")
        let (log, whole) = try newest(scratch("0")) { $0.hasSuffix(".log") }
        #expect(whole.count > 10_000)
        let cut = Int.random(in: 1..<whole.count, using: &chance)
        var torn = whole.dropLast(cut)
        // Also with something in place of the tail: a block of an older file, zeros.
        switch round % 3 {
        case 0: torn += (0..<cut).map { _ in UInt8.random(in: 0...255, using: &chance) }
        case 1: torn += Data(count: cut)
        default: break
        }
        try torn.write(to: URL(fileURLWithPath: log))

        let store = try open(scratch.path)
        defer { store.close() }
        let comment: Comment = "round \(round), the last \(cut) of \(whole.count) bytes"
        let rows = try store.rows(matching: "#", in: 0)
        expectPrefix(rows, of: 0, comment)
        if cut < whole.count / 2 { #expect(!rows.isEmpty, comment) }
        let other = try store.rows(matching: "#", in: 1)
        let mine = Self.messages.filter { publisher($0.client, shards: 2).shard == 1 }
        #expect(lanes(other) == lanes(mine.map { Row($0) }), comment)
        // It goes on, also in a topic whose learning was in the lost tail.
        for message in Self.messages { store.submit(message) }
        try wait("commit") { store.committed == Self.messages.count }
        #expect(store.failure == nil, comment)
        let all = try store.rows(matching: "#").count
        #expect(all == rows.count + other.count + Self.messages.count, comment)
    }

    /// Whatever was appended after the last whole record, all of them are there.
    @Test func garbageAfterTheLogLosesNothing() throws {
        let scratch = ScratchDirectory()
        try fill(scratch.path, flushed: false)
        var chance = Seed(11)
        let (log, whole) = try newest(scratch("0")) { $0.hasSuffix(".log") }
        let garbage = (0..<5_000).map { _ in UInt8.random(in: 0...255, using: &chance) }
        try (whole + garbage).write(to: URL(fileURLWithPath: log))
        let store = try open(scratch.path)
        defer { store.close() }
        #expect(try lanes(store.rows(matching: "#")) == Self.sent)
    }

    /// A flipped bit is found by a checksum: opening or reading says which shard. Fails if checksums are not
    /// looked at: a row would be read that nobody sent.
    @Test(arguments: 0..<24) func aFlippedBitInATableIsNeverReadAsData(_ round: Int) throws {
        let scratch = ScratchDirectory()
        try fill(scratch.path, flushed: true)
        var chance = Seed(13).branch("bit \(round)")
        let names = try FileManager.default.contentsOfDirectory(atPath: scratch("1"))
            .filter { $0.hasSuffix(".sst") }.sorted()
        let path = scratch("1/" + names[round % names.count])
        var bytes = try Data(contentsOf: URL(fileURLWithPath: path))
        let place = Int.random(in: 0..<bytes.count, using: &chance)
        bytes[place] ^= 1 << UInt8.random(in: 0..<8, using: &chance)
        try bytes.write(to: URL(fileURLWithPath: path))
        let comment: Comment = "round \(round), byte \(place) of \(bytes.count)"

        let store: ShardedStore
        do throws(StoreOpenError) {
            store = try ShardedStore(at: scratch.path, Self.options, on: RocksEngine())
        } catch {
            #expect(error.problem == .damaged && error.path == scratch("1"), comment)
            #expect(error.description.contains("shard 1 is damaged"), comment)
            return
        }
        defer { store.close() }
        let rows = try store.rows(matching: "#")
        for (lane, rows) in lanes(rows) {
            let sent = Self.sent[lane] ?? []
            #expect(rows == Array(sent.prefix(rows.count)), comment)
        }
        if let failure = store.failure {
            #expect(failure.shard == 1 && failure.lost == 0, comment)
            #expect("\(failure)".hasPrefix("shard 1 failed"), comment)
        } else {
            // A bit that no checksum covers carries no data: everything is there.
            #expect(lanes(rows) == Self.sent, comment)
        }
    }

    @Test(arguments: ["CURRENT", "MANIFEST", "sst"])
    func aMissingFileIsOneClearError(_ kind: String) throws {
        let scratch = ScratchDirectory()
        try fill(scratch.path, flushed: true)
        let (path, _) = try newest(scratch("1")) {
            $0 == kind || $0.hasPrefix(kind + "-") || $0.hasSuffix("." + kind)
        }
        try FileManager.default.removeItem(atPath: path)
        let error = try #require(refusal(scratch.path))
        #expect(error.problem == .damaged, "\(error)")
        #expect(error.path.hasPrefix(scratch("1")), "\(error)")
        #expect("\(error)".contains("shard 1") && "\(error)".contains("missing"), "\(error)")
        #expect("\(error)".contains("backup"), "\(error)")
        let name = (path as NSString).lastPathComponent
        #expect("\(error)".contains(name), "\(error) names \(name)")
    }

    /// RocksDB would make it anew, and everything in it would be gone without a word.
    @Test func aMissingShardIsNotMadeAnew() throws {
        let scratch = ScratchDirectory()
        try fill(scratch.path, flushed: true)
        try FileManager.default.removeItem(atPath: scratch("0"))
        let error = try #require(refusal(scratch.path))
        #expect(error.path == scratch("0/CURRENT"))
        #expect(!FileManager.default.fileExists(atPath: scratch("0")))
    }

    /// What a process left that died while it made its store is made again: nothing was stored in it.
    @Test func aStoreThatWasHalfMadeIsMadeAgain() throws {
        let scratch = ScratchDirectory()
        try fill(scratch.path, flushed: false)
        try FileManager.default.moveItem(atPath: scratch("STORE"), toPath: scratch("STORE.new"))
        try FileManager.default.removeItem(atPath: scratch("1"))
        try open(scratch.path).close()
        #expect(FileManager.default.fileExists(atPath: scratch("STORE")))
        #expect(!FileManager.default.fileExists(atPath: scratch("STORE.new")))
    }

    @Test func anotherNumberOfShardsIsRefused() throws {
        let scratch = ScratchDirectory()
        try fill(scratch.path, flushed: false)
        let error = #expect(throws: StoreOpenError.self) {
            _ = try ShardedStore(at: scratch.path, .test(["n_shards": 3]), on: RocksEngine())
        }
        #expect(error?.problem == .foreign)
        #expect(error?.description.contains("n_shards 2, asked for 3") == true)
        #expect(!FileManager.default.fileExists(atPath: scratch("2")), "nothing was made")
    }

    /// Each fact of the identity is looked at.
    @Test(arguments: ["format", "engine", "layout", "serializer", "column_families"])
    func anotherEngineOrVersionIsRefused(_ fact: String) throws {
        let scratch = ScratchDirectory()
        try fill(scratch.path, flushed: false)
        let path = scratch("STORE")
        let lines = try String(contentsOfFile: path, encoding: .utf8).split(separator: "\n")
        #expect(lines.contains { $0.hasPrefix(fact + " = ") })
        let text = lines.map { $0.hasPrefix(fact + " = ") ? "\(fact) = something else" : $0 }
            .joined(separator: "\n")
        try text.write(toFile: path, atomically: true, encoding: .utf8)
        let error = try #require(refusal(scratch.path))
        #expect(error.problem == .foreign)
        #expect(error.description.contains("\(fact) something else, asked for"))
    }

    /// A broker's own directory has no `STORE`.
    @Test func whatABrokerWroteIsRefused() throws {
        let scratch = ScratchDirectory()
        try fill(scratch.path, flushed: false)
        try FileManager.default.removeItem(atPath: scratch("STORE"))
        let before = try FileManager.default.subpathsOfDirectory(atPath: scratch.path)
        let error = try #require(refusal(scratch.path))
        #expect(error.problem == .foreign && error.description.contains("dstune diagnose"))
        #expect(try FileManager.default.subpathsOfDirectory(atPath: scratch.path) == before)
    }
}
