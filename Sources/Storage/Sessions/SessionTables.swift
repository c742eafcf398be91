internal import Layout
internal import Synchronization

/// The seven tables of session state. Sessions hand over copies of what changed; a thread of storage writes
/// them, so that no session ever waits. The databases are on the same Env as the shards and share its
/// background threads. They are opened when the first session needs them.
final class SessionTables: Sendable {
    /// Keeps a database, which cannot be copied, where an array wants something that can.
    final class Table: Sendable {
        let table: StateTable
        let database: Database

        init(_ table: StateTable, below directory: String, on engine: RocksEngine)
            throws(RocksError)
        {
            self.table = table
            database = try Database.table(
                at: directory + "/" + table.rawValue, shard: StoreState.sessionTables, on: engine)
        }
    }

    private let directory: String
    private let engine: RocksEngine
    private let store: StoreState
    private let queue = ChangeQueue<SessionChanges>()
    private let tables = Mutex<[Table]>([])

    init(below directory: String, on engine: RocksEngine, state store: StoreState) {
        self.directory = directory
        self.engine = engine
        self.store = store
    }

    /// - Returns: how many changes were accepted with this one.
    func commit(_ changes: SessionChanges) -> Int { queue.append(changes) }

    /// Writes until `stop`, and then what waits.
    func run() {
        while let (changes, position) = queue.take() {
            var refusal: Refusal?
            do throws(RocksError) {
                let tables = try open()
                store.enterDisk()
                defer { store.leaveDisk() }
                try write(changes, to: tables)
            } catch {
                store.fail(shard: StoreState.sessionTables, error, losing: 0)
                refusal = error.isNoSpace ? .noSpace : .other
            }
            store.desk.settle(store.options.shards, through: position, refusal: refusal)
            if store.options.engine.sessions == .beforePromise { store.announce() }
        }
    }

    func stop() { queue.stop() }

    func open() throws(RocksError) -> [Table] {
        try tables.withLock { tables throws(RocksError) in
            if tables.isEmpty {
                tables = try StateTable.allCases.map { table throws(RocksError) in
                    try Table(table, below: directory, on: engine)
                }
            }
            return tables
        }
    }

    /// EMQX writes each row by itself and without a sync (mria's async_dirty); what is promised is written
    /// together, with the engine's sync.
    private func write(_ changes: [SessionChanges], to tables: [Table]) throws(RocksError) {
        let isPromised = store.options.engine.sessions == .beforePromise
        let sync = isPromised && store.options.durability.sync == .perCommit
        for table in tables {
            var batch = WriteBatch(for: table.database)
            var rows = 0
            for change in changes {
                for (row, value) in try rowsToWrite(change, in: table) {
                    batch.set(row, to: value)
                    rows += 1
                    if !isPromised {
                        try batch.commit()
                        batch.clear()
                        rows = 0
                    }
                }
            }
            if rows > 0 { try batch.commit(sync: sync) }
        }
    }

    /// Keys, and their values or nil where they go.
    private func rowsToWrite(
        _ change: SessionChanges, in table: Table
    ) throws(RocksError) -> [(key: [UInt8], value: [UInt8]?)] {
        if change.isEnd {
            return try keys(of: change.client, in: table).map { ($0, nil) }
        }
        var rows: [(key: [UInt8], value: [UInt8]?)] = []
        for key in change.deleted where key.table == table.table {
            rows.append((key.encoded(change.client), nil))
        }
        for (key, value) in change.rows where key.table == table.table {
            rows.append((key.encoded(change.client), value.encoded))
        }
        return rows
    }

    private func keys(of client: String, in table: Table) throws(RocksError) -> [[UInt8]] {
        var keys: [[UInt8]] = []
        try forEachRow(of: client, in: table) { key, _ in keys.append(Array(key)) }
        return keys
    }

    private func forEachRow(
        of client: String, in table: Table,
        _ body: (UnsafeRawBufferPointer, UnsafeRawBufferPointer) -> Void
    ) throws(RocksError) {
        let isMetadata = table.table == .metadata
        let prefix =
            isMetadata ? StateKey.metadata.encoded(client) : StateKey.prefix(client)
        var cursor = Cursor(table.database, family: EngineModel.Family.default)
        prefix.withUnsafeBytes { cursor.seek($0) }
        while true {
            let belongs = try cursor.current { key, value in
                guard key.starts(with: prefix), !isMetadata || key.count == prefix.count else {
                    return false
                }
                body(key, value)
                return true
            }
            guard belongs == true else { return }
            cursor.next()
        }
    }

    /// The rows of a session as they are committed; none for a session that is not kept.
    /// - Throws: also for a row that this program did not write.
    func rows(of client: String) throws(RocksError) -> [StateKey: StateValue] {
        var rows: [StateKey: StateValue] = [:]
        for table in try open() {
            var isForeign = false
            try forEachRow(of: client, in: table) { key, value in
                if let key = StateKey(key.bytes, in: table.table),
                    let value = StateValue(value.bytes, in: table.table)
                {
                    rows[key] = value
                } else {
                    isForeign = true
                }
            }
            guard !isForeign else { throw foreign(table.table) }
        }
        return rows
    }

    func foreign(_ table: StateTable) -> RocksError {
        RocksError(
            code: 2, subcode: 0,
            description: "\(directory)/\(table.rawValue) has a row that was written by another "
                + "program or version")
    }
}

extension WriteBatch {
    /// - Parameter value: nil to delete the row.
    fileprivate mutating func set(_ key: [UInt8], to value: [UInt8]?) {
        key.withUnsafeBytes { key in
            guard let value else { return delete(key, family: EngineModel.Family.default) }
            value.withUnsafeBytes { put(key, $0, family: EngineModel.Family.default) }
        }
    }
}
