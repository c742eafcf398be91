internal import Layout
internal import MQTT
internal import Measure
internal import Synchronization

/// One shard: its database, what its writer learns, and what others may know of it. Its messages go
/// through one `ShardWriter`; everything here may be used from any thread.
final class Shard: Sendable {
    let number: Int
    let database: Database
    let inbox = ShardInbox()
    /// The learned topic structure. The writer holds it for a batch, readers for a look.
    let trie: Mutex<TopicTrie>
    /// Messages committed so far.
    let committed = Atomic<Int>(0)
    let streamCount: Atomic<Int>
    /// Timestamp of the last message, microseconds; only ever grows.
    let latest: Atomic<UInt64>
    let measured = Mutex(Measured())

    /// Opens the shard at `path` and reads back the topic structure that it learned before.
    init(
        number: Int, path: String, options: StoreOptions, engine: RocksEngine
    ) throws(RocksError) {
        self.number = number
        database = try Database(
            path: path, shard: number, options: OptionText.print(options.databaseOptions),
            families: options.families, on: engine)
        let learned = try Self.readTrie(of: database)
        streamCount = Atomic(learned.streamCount)
        trie = Mutex(learned)
        // EMQX keeps the last timestamp in a table of its own; the wall clock is ahead of whatever was
        // written by an earlier process.
        latest = Atomic(wallClockMilliseconds() * 1_000)
    }

    /// The data column family of a generation; nil when it was dropped or never was.
    ///
    /// Every shard has one generation as yet.
    func dataFamily(of generation: Int) -> Int? {
        generation == 1 ? EngineModel.Family.data : nil
    }

    /// Appends the topic of a message from the varying part that is stored with it.
    func appendTopic(
        of address: StreamAddress, varying: RawSpan, to bytes: inout [UInt8]
    ) throws(LayoutError) {
        try trie.withLock { trie throws(LayoutError) in
            try trie.appendTopic(of: address.stream, varying: varying, to: &bytes)
        }
    }

    /// `rocksdb::Status::kCorruption` is 2.
    private static func unreadable(_ error: LayoutError) -> RocksError {
        RocksError(code: 2, subcode: 0, description: "the learned topics cannot be read: \(error)")
    }

    private static func readTrie(of database: borrowing Database) throws(RocksError) -> TopicTrie {
        var rows = TrieRestorer()
        var cursor = Cursor(database, family: EngineModel.Family.trie)
        cursor.seek(UnsafeRawBufferPointer(start: nil, count: 0))
        while true {
            let restored = try cursor.current { key, value in
                Result { () throws(LayoutError) in
                    try rows.add(key: key.bytes, value: value.bytes)
                }
            }
            switch restored {
            case .success: cursor.next()
            case .failure(let error): throw Self.unreadable(error)
            case nil:
                do throws(LayoutError) { return try rows.finish() } catch {
                    throw Self.unreadable(error)
                }
            }
        }
    }
}
