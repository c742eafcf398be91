internal import Layout

/// All sessions that are kept, one after the other, as one merged walk through the seven tables: their keys are in
/// the same order of clients, so every row is read once and no more than one session is in memory.
extension SessionTables {
    /// A cursor, which cannot be copied, where an array wants something that can.
    private final class Walk {
        let table: StateTable
        private var cursor: Cursor

        init(_ table: Table) {
            self.table = table.table
            cursor = Cursor(table.database, family: EngineModel.Family.default)
            [UInt8(0)].withUnsafeBytes { cursor.seek($0) }
        }

        func current<Result>(
            _ body: (UnsafeRawBufferPointer, UnsafeRawBufferPointer) -> Result
        ) throws(RocksError) -> Result? { try cursor.current(body) }

        func next() { cursor.next() }
    }

    /// Hands over every session with its rows.
    /// - Returns: rows that belong to no session, because a kill came between two tables; they are left alone and
    ///   go when a session of that client ends.
    /// - Throws: also for a row that this program did not write.
    func forEachSession(
        _ body: (_ client: String, _ rows: [StateKey: StateValue]) -> Void
    ) throws(RocksError) -> Int {
        var walks: [Walk] = []
        var metadata: Walk?
        for table in try open() {
            let walk = Walk(table)
            if table.table == .metadata { metadata = walk } else { walks.append(walk) }
        }
        var orphans = 0
        guard let metadata else { return 0 }
        while let client = try metadata.current({ key, _ in Self.client(key) }) {
            guard let client else { throw foreign(.metadata) }
            var rows: [StateKey: StateValue] = [:]
            try take(metadata, into: &rows)
            let prefix = StateKey.prefix(client)
            for walk in walks {
                while let order = try walk.current({ key, _ in Self.order(key, prefix) }),
                    order <= 0
                {
                    if order == 0 {
                        try take(walk, into: &rows)
                    } else {
                        orphans += 1
                        walk.next()
                    }
                }
            }
            body(client, rows)
        }
        return orphans
    }

    private func take(
        _ walk: Walk, into rows: inout [StateKey: StateValue]
    ) throws(RocksError) {
        let row = try walk.current { key, value -> (StateKey, StateValue)? in
            guard let key = StateKey(key.bytes, in: walk.table),
                let value = StateValue(value.bytes, in: walk.table)
            else { return nil }
            return (key, value)
        }
        guard let row = row ?? nil else { throw foreign(walk.table) }
        rows[row.0] = row.1
        walk.next()
    }

    /// The client of a key of the metadata table.
    private static func client(_ key: UnsafeRawBufferPointer) -> String? {
        guard case .binary(let name)? = try? Term(decoding: key.bytes) else { return nil }
        return String(decoding: name, as: UTF8.self)
    }

    /// -1 for a key before those that begin with `prefix`, 0 for one of them, 1 for one after them.
    private static func order(_ key: UnsafeRawBufferPointer, _ prefix: [UInt8]) -> Int {
        for (place, byte) in prefix.enumerated() {
            guard place < key.count else { return -1 }
            if key[place] != byte { return key[place] < byte ? -1 : 1 }
        }
        return 0
    }
}
