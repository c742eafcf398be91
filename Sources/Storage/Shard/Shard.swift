internal import Foundation
internal import Layout
internal import MQTT
internal import Measure
internal import Synchronization

/// One shard: its database, what its writer learns, and what others may know of it. Its messages go
/// through one `ShardWriter`; everything here may be used from any thread.
final class Shard: Sendable {
    let number: Int
    let options: StoreOptions
    let database: Database
    let inbox = ShardInbox()
    let errands = Mutex(Errands())
    /// Oldest first; the last one is current. Changed by the writer only.
    private let generationList: Mutex<[Generation]>
    /// Messages committed so far.
    let committed = Atomic<Int>(0)
    /// Streams learned so far, in each generation anew; also those of dropped generations count.
    let streamCount: Atomic<Int>
    /// Timestamp of the last message, microseconds; only ever grows.
    let latest: Atomic<UInt64>
    /// There were commits since the last sync of the log; kept only for a sync on a timer.
    let isUnsynced = Atomic(false)
    let measured = Mutex(Measured())
    /// What its writer did since the start.
    let flushes = FlushCounters()

    /// Opens the shard at `path` and reads back the topic structure that it learned before.
    /// - Parameter latest: microseconds that the next message is later than, at least.
    init(
        number: Int, path: String, options: StoreOptions, engine: RocksEngine, latest: UInt64
    ) throws(RocksError) {
        self.number = number
        self.options = options
        let found = try Self.generationNumbers(at: path, options.engine)
        let numbers = found.isEmpty ? [1] : found
        let names = numbers.flatMap { number in
            let pair = Generation.names(number, of: options.engine)
            return [pair.data, pair.trie]
        }
        // Missing halves of a pair are created: they are left over from a kill, and dropped below.
        database = try Database(
            path: path, shard: number, options: OptionText.print(options.databaseOptions),
            families: ([options.engine.families[0]] + names).map(options.family), on: engine)
        let generations = try Self.openGenerations(numbers, of: database, options.format)
        generationList = Mutex(generations)
        streamCount = Atomic(generations.reduce(0) { $0 + $1.trie.withLock { $0.streamCount } })
        self.latest = Atomic(latest)
    }

    var generations: [Generation] { generationList.withLock { $0 } }

    /// - Returns: nil for one that was dropped or never was.
    func generation(_ number: Int) -> Generation? {
        generationList.withLock { list in list.first { $0.number == number } }
    }

    /// The one that takes messages.
    var current: Generation {
        generationList.withLock { list in
            guard let last = list.last else {
                preconditionFailure("a shard has at least one generation")
            }
            return last
        }
    }

    func append(_ generation: Generation) { generationList.withLock { $0.append(generation) } }

    /// Drops generations as a whole: first the row that names them, then their column families, so that
    /// after a kill between the two opening removes the rest. Those that are not there are passed over.
    /// - Precondition: the current one is not among them.
    func drop(_ numbers: [Int]) throws(RocksError) {
        let (going, staying) = generationList.withLock { list in
            (
                list.filter { numbers.contains($0.number) },
                list.filter { !numbers.contains($0.number) }
            )
        }
        precondition(!staying.isEmpty)
        guard !going.isEmpty else { return }
        try Self.write(ShardSchema(rows: staying.map(\.row)), to: database)
        generationList.withLock { $0 = staying }
        for generation in going {
            try database.dropFamily(generation.families.data)
            try database.dropFamily(generation.families.trie)
        }
    }

    /// Those whose column families are in the database at `path`, in order; none if there is no database.
    private static func generationNumbers(
        at path: String, _ engine: EngineModel
    ) throws(RocksError) -> [Int] {
        // RocksDB's own test for a database (DBImpl::Recover).
        guard FileManager.default.fileExists(atPath: path + "/CURRENT") else { return [] }
        let names = try Database.families(at: path)
        return Set(names.compactMap { Generation.number(of: $0, engine) }).sorted()
    }

    /// - Parameter numbers: in the order of their column families, a pair each after the default one.
    private static func openGenerations(
        _ numbers: [Int], of database: borrowing Database, _ format: RowFormat
    ) throws(RocksError) -> [Generation] {
        let schema: ShardSchema
        if let known = try readSchema(of: database) {
            schema = known
        } else {
            let now = wallClockMilliseconds()
            schema = ShardSchema(
                rows: numbers.map { number in
                    let isLast = number == numbers.last
                    return ShardSchema.Row(
                        number: number, since: now, until: isLast ? nil : now,
                        last: isLast ? nil : now * 1_000)
                })
            try write(schema, to: database)
        }
        var generations: [Generation] = []
        for (place, number) in numbers.enumerated() {
            let families = Generation.Families(data: 1 + 2 * place, trie: 2 + 2 * place)
            if let row = schema.rows.first(where: { $0.number == number }) {
                generations.append(
                    Generation(
                        row, families: families,
                        trie: try readTrie(of: database, families.trie, format)))
            } else {
                try database.dropFamily(families.data)
                try database.dropFamily(families.trie)
            }
        }
        guard generations.count == schema.rows.count else {
            throw unreadable("a generation named in its row schema_v2 is missing")
        }
        return generations
    }

    private static func readSchema(
        of database: borrowing Database
    ) throws(RocksError) -> ShardSchema? {
        var cursor = Cursor(database, family: EngineModel.Family.default)
        ShardSchema.key.withUnsafeBytes { cursor.seek($0) }
        let read = try cursor.current { key, value -> Result<ShardSchema, LayoutError>? in
            guard key.elementsEqual(ShardSchema.key) else { return nil }
            return ShardSchema(decoding: value.bytes).map { .success($0) }
                ?? .failure(.unexpected(offset: 0, expected: .map))
        }
        switch read {
        case .success(let schema)??: return schema
        case .failure??:
            throw unreadable("its row schema_v2 was written by another program or version")
        case nil, .some(nil): return nil
        }
    }

    private static func write(
        _ schema: ShardSchema, to database: borrowing Database
    ) throws(RocksError) {
        try database.put(ShardSchema.key, schema.encoded, family: EngineModel.Family.default)
    }

    /// `rocksdb::Status::kCorruption` is 2.
    private static func unreadable(_ reason: String) -> RocksError {
        RocksError(code: 2, subcode: 0, description: reason)
    }

    func forEachAwaitedRelease(
        _ body: (_ client: String, _ id: PacketID) -> Void
    ) throws(RocksError) {
        var cursor = Cursor(database, family: EngineModel.Family.default)
        AwaitedRelease.prefix.withUnsafeBytes { cursor.seek($0) }
        while let found = try cursor.current({ key, _ in AwaitedRelease.read(key) }),
            let row = found
        {
            body(row.client, row.id)
            cursor.next()
        }
    }

    private static func readTrie(
        of database: borrowing Database, _ family: Int, _ format: RowFormat
    ) throws(RocksError) -> TopicTrie {
        var rows = TrieRestorer(format)
        var cursor = Cursor(database, family: family)
        cursor.seek(UnsafeRawBufferPointer(start: nil, count: 0))
        while true {
            let restored = try cursor.current { key, value in
                Result { () throws(LayoutError) in
                    try rows.add(key: key.bytes, value: value.bytes)
                }
            }
            switch restored {
            case .success: cursor.next()
            case .failure(let error):
                throw unreadable("the learned topics cannot be read: \(error)")
            case nil:
                do throws(LayoutError) { return try rows.finish() } catch {
                    throw unreadable("the learned topics cannot be read: \(error)")
                }
            }
        }
    }
}
