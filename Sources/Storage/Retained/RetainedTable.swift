internal import Dispatch
internal import Foundation
internal import Synchronization

/// The retained messages, one row a topic, in a small RocksDB of their own on the same Env as the shards. The
/// session layer leaves changes; a thread of storage writes them, all that wait in one batch.
///
/// EMQX keeps them in a mnesia table, in memory unless `retainer.backend.storage_type` is `disc`; there is no
/// RocksDB of its to be faithful to. It is made when the first message is retained, so that a store without any
/// has no more databases than EMQX's.
final class RetainedTable: Sendable {
    private struct State: Sendable {
        /// Topics and their rows, nil where they go, in order.
        var waiting: [(topic: [UInt8], row: RetainedRow?)] = []
        var accepted = 0
        var stopped = false
        /// What was there when the store was opened.
        var loaded: [RetainedRow] = []
    }

    /// Keeps a database, which cannot be copied, where a lock wants something that can.
    private final class Opened: Sendable {
        let database: Database
        init(_ database: consuming Database) { self.database = database }
    }

    private static let name = "emqx_retainer_message"

    private let path: String
    private let engine: RocksEngine
    private let store: StoreState
    private let state = Mutex(State())
    private let opened = Mutex<Opened?>(nil)
    private let wake = DispatchSemaphore(value: 0)

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
            state.withLock { $0.loaded = rows }
        } catch { throw StoreOpenError(path: path, reason: "\(error)") }
    }

    /// What was there when the store was opened; the second call gives nothing.
    func take() -> [RetainedRow] {
        state.withLock { state in
            defer { state.loaded = [] }
            return state.loaded
        }
    }

    /// - Returns: how many changes were accepted with this one.
    func set(_ topic: [UInt8], to row: RetainedRow?) -> Int {
        let position = state.withLock { state in
            state.waiting.append((topic, row))
            state.accepted += 1
            return state.accepted
        }
        wake.signal()
        return position
    }

    /// Writes until `stop`, and then what waits.
    func run() {
        while let (changes, position) = next() {
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

    func stop() {
        state.withLock { $0.stopped = true }
        wake.signal()
    }

    private func next() -> (changes: [(topic: [UInt8], row: RetainedRow?)], position: Int)? {
        while true {
            let (changes, position, stopped) = state.withLock { state in
                defer { state.waiting = [] }
                return (state.waiting, state.accepted, state.stopped)
            }
            if !changes.isEmpty { return (changes, position) }
            if stopped { return nil }
            wake.wait()
        }
    }

    private func open() throws(RocksError) -> Opened {
        try opened.withLock { opened throws(RocksError) in
            if let opened { return opened }
            do {
                try FileManager.default.createDirectory(
                    atPath: path, withIntermediateDirectories: true,
                    attributes: [.posixPermissions: 0o700])
            } catch {
                throw RocksError(code: -1, subcode: 0, description: "\(path): \(error)")
            }
            let table = Opened(
                try Database(
                    path: path, shard: StoreState.retainedTable,
                    options: OptionText.print(StateTable.options),
                    families: [
                        ColumnFamily(
                            name: "default", options: OptionText.print(StateTable.familyOptions))
                    ], on: engine))
            opened = table
            return table
        }
    }

    private func write(
        _ changes: [(topic: [UInt8], row: RetainedRow?)], to table: Opened
    ) throws(RocksError) {
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
