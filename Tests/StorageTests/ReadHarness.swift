import Layout
import MQTT
import Measure
import Storage

/// What a shard of a closed store holds, as rows.
struct RawShard: ~Copyable {
    private let database: Database

    init(at path: String, _ options: StoreOptions) throws {
        database = try Database(
            path: path, shard: 0, options: OptionText.print(options.databaseOptions),
            families: options.engine.families.map { ColumnFamily(name: $0, options: "") },
            on: RocksEngine())
    }

    /// All rows of the data column family.
    func rows() throws -> [(key: [UInt8], value: [UInt8])] {
        var cursor = Cursor(database, family: EngineModel.Family.data)
        cursor.seek(UnsafeRawBufferPointer(start: nil, count: 0))
        var rows: [(key: [UInt8], value: [UInt8])] = []
        while let row = try cursor.current({ (key: Array($0), value: Array($1)) }) {
            rows.append(row)
            cursor.next()
        }
        return rows
    }

    /// The rows of messages whose values contain `text`.
    func messages(with text: String) throws -> [(key: DataKey, value: [UInt8])] {
        let text = Array(text.utf8)
        return try rows().compactMap { row in
            guard let key = DataKey(row.key.span.bytes, .skipstream), key.level == 0,
                row.value.indices.contains(where: { row.value[$0...].starts(with: text) })
            else { return nil }
            return (key, row.value)
        }
    }

    func put(_ key: [UInt8], _ value: [UInt8]) throws {
        var batch = WriteBatch(for: database)
        key.withUnsafeBytes { key in
            value.withUnsafeBytes { batch.put(key, $0, family: EngineModel.Family.data) }
        }
        try batch.commit()
    }
}

/// A session of a test: one stream, or several, asked for again and again.
struct Asker {
    let store: any DurableStore
    let filter: TopicFilter
    let session: Int
    var limit = 100
    var patience: Nanoseconds?

    init(_ filter: String, of store: any DurableStore, session: Int = 0) throws {
        self.store = store
        self.session = session
        self.filter = try TopicFilter(filter)
    }

    func ask(_ cursors: [StreamCursor], in shard: Int = 0) {
        store.request(
            ReadRequest(
                session: session, epoch: 0, shard: shard, cursors: cursors,
                wanted: [Wanted(filter: filter, qos: .exactlyOnce)], limit: limit, wait: patience))
    }

    func cursors(in shard: Int = 0, after: UInt64 = 0) -> [StreamCursor] {
        store.cursors(in: shard, matching: filter, after: after)
    }

    /// Asks and waits for the answer. Nobody else may be asking.
    func answer(_ cursors: [StreamCursor], in shard: Int = 0) throws -> ReadReply {
        ask(cursors, in: shard)
        var replies: [ReadReply] = []
        try wait("an answer") {
            replies = store.takeReplies()
            return !replies.isEmpty
        }
        return replies[0]
    }
}

extension ReadReply {
    var rows: [Row] { get throws { try messages.messages.map { try Row($0, of: messages) } } }
    var texts: [String] { get throws { try rows.map(\.text) } }
}

extension ShardedStore {
    /// Submits messages of one client, with the topics as their payloads' ends, and waits for the commit.
    func store(_ topics: [String], client: String = "c") throws {
        let before = committed
        for (number, topic) in topics.enumerated() {
            submit(
                Message(
                    client: client, topic: topic,
                    payload: Array("\(client):\(number) \(topic)".utf8)))
        }
        try wait("all committed") { committed == before + topics.count }
    }
}
