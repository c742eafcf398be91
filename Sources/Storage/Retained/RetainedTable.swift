internal import Foundation
internal import Synchronization

/// The retained messages, one row a topic, in a small RocksDB of their own on the same Env as the shards. The
/// session layer leaves changes; a thread of storage writes them, all that wait in one batch.
///
/// EMQX keeps them in a mnesia table, in memory unless `retainer.backend.storage_type` is `disc`; there is no
/// RocksDB of its to be faithful to. It is made when the first message is retained, so that a store without any
/// has no more databases than EMQX's.
final class RetainedTable: Sendable {
    /// A topic and its row, nil where it goes.
    private typealias Change = (topic: [UInt8], row: RetainedRow?)

    /// Keeps a database, which cannot be copied, where a lock wants something that can.
    private final class Opened: Sendable {
        let database: Database
        init(_ database: consuming Database) { self.database = database }
    }

    private static let name = "emqx_retainer_message"

    private let path: String
    private let engine: RocksEngine
    private let store: StoreState
    private let queue = ChangeQueue<Change>()
    /// What was there when the store was opened.
    private let loaded = Mutex<[RetainedRow]>([])
    private let opened = Mutex<Opened?>(nil)

    /// Reads what is there.
    /// - Throws: why it cannot be opened or read, also a row that this program did not write.
    init(below directory: String, on engine: RocksEngine, state store: StoreState)
        throws(StoreOpenError)
    {
        path = directory + "/" + Self.name
        self.engine = engine
        self.store = store
        guard FileManager.default.fileExists(atPath: path + "/CURRENT") else { return }
        do throws(RocksError) {
            let rows = try read(open())
            loaded.withLock { $0 = rows }
        } catch { throw StoreOpenError(path: path, reason: "\(error)") }
    }

    /// What was there when the store was opened; the second call gives nothing.
    func take() -> [RetainedRow] {
        loaded.withLock { rows in
            defer { rows = [] }
            return rows
        }
    }

    /// - Returns: how many changes were accepted with this one.
    func set(_ topic: [UInt8], to row: RetainedRow?) -> Int { queue.append((topic, row)) }

    /// Writes until `stop`, and then what waits.
    func run() {
        while let (changes, position) = queue.take() {
            var refusal: Refusal?
            do throws(RocksError) {
                let table = try open()
                store.enterDisk()
                defer { store.leaveDisk() }
                try write(changes, to: table)
            } catch {
                store.fail(shard: StoreState.retainedTable, error, losing: 0)
                refusal = error.isNoSpace ? .noSpace : .other
            }
            store.desk.settle(store.options.retainedLane, through: position, refusal: refusal)
            if store.options.durability.acknowledgement == .onCommit { store.announce() }
        }
    }

    func stop() { queue.stop() }

    private func open() throws(RocksError) -> Opened {
        try opened.withLock { opened throws(RocksError) in
            if let opened { return opened }
            let table = Opened(
                try Database.table(at: path, shard: StoreState.retainedTable, on: engine))
            opened = table
            return table
        }
    }

    private func write(_ changes: [Change], to table: Opened) throws(RocksError) {
        var batch = WriteBatch(for: table.database)
        for (topic, row) in changes {
            topic.withUnsafeBytes { topic in
                guard let row else {
                    return batch.delete(topic, family: EngineModel.Family.default)
                }
                row.encoded.withUnsafeBytes {
                    batch.put(topic, $0, family: EngineModel.Family.default)
                }
            }
        }
        try batch.commit(sync: store.options.durability.sync == .perCommit)
    }

    private func read(_ table: Opened) throws(RocksError) -> [RetainedRow] {
        var rows: [RetainedRow] = []
        var cursor = Cursor(table.database, family: EngineModel.Family.default)
        [UInt8]().withUnsafeBytes { cursor.seek($0) }
        while true {
            let read = try cursor.current { topic, value in
                Result<RetainedRow, RocksError> { () throws(RocksError) in
                    if let row = RetainedRow(topic: topic, value: value) { return row }
                    throw .damaged(
                        "a row under the topic \(String(decoding: topic, as: UTF8.self)) was "
                            + "written by another program or version: move the directory away to "
                            + "begin without retained messages")
                }
            }
            switch read {
            case nil: return rows
            case .success(let row)?: rows.append(row)
            case .failure(let error)?: throw error
            }
            cursor.next()
        }
    }
}
