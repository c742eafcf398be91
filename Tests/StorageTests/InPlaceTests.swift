import Glibc
import Knobs
import Measure
import Storage
import TestSupport
import Testing

/// What an event loop commits and reads itself while it has little to do, instead of waking a thread for it.
@Suite struct InPlaceTests {
    private static func options(
        shards: Int64 = 1, sync: Durability.Sync = .none
    ) -> StoreOptions {
        var setting = EngineModel.article.standardSetting
        setting["n_shards"] = shards
        return StoreOptions(
            engine: .article, setting: setting,
            durability: Durability(acknowledgement: .onCommit, sync: sync))
    }

    private static func message(_ number: Int, client: String = "c") -> Message {
        Message(client: client, topic: "a/b", payload: Array("\(client):\(number)".utf8))
    }

    /// Submits `count` messages and commits them in place; tried again while the writer is not asleep yet.
    /// - Returns: whether it was done; if not, they are committed by the writer.
    private static func commit(_ count: Int, to store: ShardedStore, tries: Int = 200) throws
        -> Bool
    {
        for _ in 0..<tries {
            let before = store.committed
            store.hold()
            for number in 0..<count { store.submit(message(number)) }
            let isDone = store.commitInPlace()
            if isDone { #expect(store.committed == before + count) }
            store.release(inPlace: false)
            try wait("all committed") { store.committed == before + count }
            if isDone { return true }
        }
        return false
    }

    /// Fails if the messages are only on their way when `commitInPlace` says that they are committed.
    @Test func aFewMessagesAreCommittedWhenTheCallReturns() throws {
        let scratch = ScratchDirectory()
        let store = try ShardedStore(at: scratch.path, Self.options(), on: RocksEngine())
        defer { store.close() }
        #expect(try Self.commit(3, to: store))
    }

    /// Fails if a busy broker's messages are committed by the thread that everybody waits for.
    @Test func manyMessagesAreLeftToTheWriter() throws {
        let scratch = ScratchDirectory()
        let store = try ShardedStore(at: scratch.path, Self.options(), on: RocksEngine())
        defer { store.close() }
        #expect(try !Self.commit(9, to: store, tries: 20))
    }

    /// Fails if the calling thread waits for a sync.
    @Test func whatIsSyncedIsLeftToTheWriter() throws {
        let scratch = ScratchDirectory()
        let store = try ShardedStore(
            at: scratch.path, Self.options(sync: .perCommit), on: RocksEngine())
        defer { store.close() }
        #expect(try !Self.commit(1, to: store, tries: 20))
    }

    /// Fails if a disk that makes the caller wait is written to by it again at once.
    @Test func aSlowDiskIsLeftToTheWriterForAWhile() throws {
        let scratch = ScratchDirectory()
        let disk = try Disk()
        let store = try ShardedStore(at: scratch.path, Self.options(), on: RocksEngine(on: disk))
        defer { store.close() }
        #expect(try Self.commit(1, to: store))
        let slow = disk.inject(DiskFault(.slow(.milliseconds(20)), on: .append, of: [.wal]))
        #expect(try Self.commit(1, to: store), "nobody knows yet")
        let began = MonotonicTime.now()
        let isDone = try Self.commit(1, to: store, tries: 1)
        // On a machine that stops for so long the pause is over.
        if MonotonicTime.now() - began < .milliseconds(400) { #expect(!isDone) }
        disk.clear(slow)
    }

    /// Fails if a batch that was refused in place is lost silently, committed twice, or leaves the writer asleep.
    @Test func whatTheDiskRefusesIsDecidedByTheWriter() throws {
        let scratch = ScratchDirectory()
        let disk = try Disk()
        let store = try ShardedStore(at: scratch.path, Self.options(), on: RocksEngine(on: disk))
        defer { store.close() }
        #expect(try Self.commit(1, to: store))
        _ = store.takeSettled()
        let full = disk.inject(DiskFault(.noSpace, on: .append, of: [.wal]))
        store.hold()
        let receipt = store.submit(Self.message(7))
        #expect(!store.commitInPlace())
        store.release(inPlace: true)
        var settled: [Settlement] = []
        try wait("it is decided") {
            settled += store.takeSettled()
            return !settled.isEmpty
        }
        #expect(settled.map(\.through) == [receipt.position])
        #expect(settled.first?.refusal == .noSpace)
        disk.clear(full)
        try wait("there is room again") {
            let before = store.committed
            store.hold()
            store.submit(Self.message(8))
            store.release(inPlace: true)
            settled = []
            try wait("it is decided") {
                settled += store.takeSettled()
                return !settled.isEmpty
            }
            return store.committed > before
        }
        #expect(try store.rows(matching: "a/b").last?.text == "c:8")
        // Its publisher was told that it is not safe; it may be there.
        #expect(try store.rows(matching: "a/b").count { $0.text == "c:7" } <= 1)
    }

    /// Releases until nothing is left, as an event loop does.
    private static func release(_ store: ShardedStore) {
        while let wait = store.release(inPlace: true) {
            usleep(useconds_t(wait.count / 1_000 + 1))
            store.hold()
        }
    }

    /// Somebody who waits for messages as long as it takes, of a stream that is known.
    private static func patientAsker(of store: ShardedStore) throws -> Asker {
        #expect(try commit(1, to: store))
        var asker = try Asker("a/b", of: store)
        asker.patience = .seconds(3_600)
        return asker
    }

    /// Fails if a question that waits for what is committed is not answered by the thread that commits it.
    @Test func whatSomebodyWaitsForIsReadByWhoReleases() throws {
        let scratch = ScratchDirectory()
        let store = try ShardedStore(at: scratch.path, Self.options(), on: RocksEngine())
        defer { store.close() }
        let asker = try Self.patientAsker(of: store)
        var replies: [ReadReply] = []
        for _ in 0..<200 where replies.isEmpty {
            asker.ask(asker.cursors(after: store.now(in: 0)))
            #expect(store.waitingPolls == 1)
            store.hold()
            store.submit(Self.message(5))
            Self.release(store)
            replies = store.takeReplies()
            guard replies.isEmpty else { break }
            // The writer was not asleep yet: it commits, and a worker reads.
            try wait("a worker answers") { !store.takeReplies().isEmpty }
        }
        #expect(try replies.map { try $0.texts } == [["c:5"]])
    }

    /// Fails if each message is read for by itself however many come, or if what has gathered is forgotten.
    @Test func whatComesSoonAfterIsReadTogether() throws {
        let scratch = ScratchDirectory()
        let store = try ShardedStore(at: scratch.path, Self.options(), on: RocksEngine())
        defer { store.close() }
        let asker = try Self.patientAsker(of: store)
        var gathered: [String] = []
        // Somebody else may have the core for longer than messages gather.
        for _ in 0..<200 where gathered.count < 2 {
            let before = store.committed
            asker.ask(asker.cursors(after: store.now(in: 0)))
            store.hold()
            store.submit(Self.message(1))
            Self.release(store)
            try wait("the first is answered") { !store.takeReplies().isEmpty }
            asker.ask(asker.cursors(after: store.now(in: 0)))
            for number in 2...3 {
                store.hold()
                store.submit(Self.message(number))
                store.release(inPlace: true)
            }
            try wait("both are committed") { store.committed == before + 3 }
            Self.release(store)
            var replies: [ReadReply] = []
            try wait("it is answered") {
                replies += store.takeReplies()
                return !replies.isEmpty
            }
            gathered = try replies.flatMap { try $0.texts }
        }
        #expect(gathered == ["c:2", "c:3"])
    }

    /// Whoever commits, each publisher's messages are stored once, in their order, and decided in their order.
    @Test(arguments: [UInt64(1), 2, 3]) func orderHoldsWhoeverCommits(_ seed: UInt64) throws {
        let scratch = ScratchDirectory()
        let store = try ShardedStore(
            at: scratch.path, Self.options(shards: 3), on: RocksEngine())
        defer { store.close() }
        var chance = Seed(seed)
        let clients = (0..<6).map { "client-\($0)" }
        var sent = [Int](repeating: 0, count: clients.count)
        var last: [Int: Int] = [:]
        var settled: [Int: Int] = [:]
        func note() {
            for settlement in store.takeSettled() {
                #expect(settlement.refusal == nil)
                #expect(settlement.through > settled[settlement.lane] ?? 0)
                settled[settlement.lane] = settlement.through
            }
        }
        for _ in 0..<400 {
            store.hold()
            for _ in 0..<Int.random(in: 1...4, using: &chance) {
                let client = Int.random(in: clients.indices, using: &chance)
                for _ in 0..<Int.random(in: 1...6, using: &chance) {
                    let receipt = store.submit(
                        Self.message(sent[client], client: clients[client]))
                    sent[client] += 1
                    last[receipt.lane] = receipt.position
                }
                if Bool.random(using: &chance) { _ = store.commitInPlace() }
            }
            if Bool.random(using: &chance) {
                store.release(inPlace: false)
            } else {
                Self.release(store)
            }
            note()
        }
        try wait("all decided") {
            note()
            return settled == last
        }
        let rows = try store.rows(matching: "a/b")
        for (client, count) in zip(clients, sent) {
            let texts = rows.filter { $0.client == client }.map(\.text)
            #expect(texts == (0..<count).map { "\(client):\($0)" })
        }
    }
}
