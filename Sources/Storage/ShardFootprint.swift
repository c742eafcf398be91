internal import Layout

/// What one shard holds, counted from the rows of its column families.
package struct ShardFootprint: Sendable, Equatable {
    package private(set) var dataRows = 0
    /// Of the values of data rows; index rows have none.
    package private(set) var valueBytes = 0
    /// By the position of the varying level in its stream; the first is at 0.
    package private(set) var indexRows: [Int] = []
    package private(set) var trieRows = 0
    /// Keys and values.
    package private(set) var trieBytes = 0
    package private(set) var streams = 0
    /// Topics with "+" for each level that has become varying, one for each stream that has any.
    package private(set) var varyingTopics: Set<String> = []
    package internal(set) var sstFiles = 0
    package internal(set) var sstBytes = 0

    /// - Throws: RocksDB's refusal to read; a row that is none of EMQX's counts as one.
    init(reading database: borrowing Database, _ format: RowFormat) throws(RocksError) {
        var cursor = Cursor(database, family: EngineModel.Family.data)
        cursor.seek(UnsafeRawBufferPointer(start: nil, count: 0))
        while let row = try cursor.current({ (DataKey($0.bytes, format.keys), $1.count) }) {
            guard let key = row.0 else { throw Self.unreadable("a key of no known kind") }
            add(key, row.1)
            cursor.next()
        }
        try readTrie(of: database, format)
    }

    private mutating func add(_ key: DataKey, _ bytes: Int) {
        guard key.level > 0 else {
            dataRows += 1
            valueBytes += bytes
            return
        }
        while indexRows.count < key.level { indexRows.append(0) }
        indexRows[key.level - 1] += 1
    }

    private mutating func readTrie(
        of database: borrowing Database, _ format: RowFormat
    ) throws(RocksError) {
        var restorer = TrieRestorer(format)
        var cursor = Cursor(database, family: EngineModel.Family.trie)
        cursor.seek(UnsafeRawBufferPointer(start: nil, count: 0))
        do {
            while let row = try cursor.current({ key, value in
                (
                    key.count + value.count,
                    Result { () throws(LayoutError) in
                        try restorer.add(key: key.bytes, value: value.bytes)
                    }
                )
            }) {
                trieRows += 1
                trieBytes += row.0
                try row.1.get()
                cursor.next()
            }
            let trie = try restorer.finish()
            streams = trie.streamCount
            varyingTopics = trie.varyingTopics
        } catch let error as RocksError {
            throw error
        } catch {
            throw Self.unreadable("the learned topics: \(error)")
        }
    }

    /// `rocksdb::Status::kCorruption` is 2.
    private static func unreadable(_ what: String) -> RocksError {
        RocksError(code: 2, subcode: 0, description: "rows cannot be read: \(what)")
    }
}
