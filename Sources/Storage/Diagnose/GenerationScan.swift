internal import Layout

/// One pass over the column families of one generation of a shard.
struct GenerationScan {
    private(set) var counts = RowCounts()
    private(set) var ledger = TopicLedger()
    private(set) var values = ValueCheck()
    /// Microseconds since 1970.
    private(set) var oldest: UInt64?
    private(set) var newest: UInt64?
    /// Messages of each stream.
    private(set) var messages: [StreamID: Int] = [:]
    private(set) var trie = TrieRows()
    /// Why the topics cannot be told.
    private(set) var trieFailure: LayoutError?
    /// Whether the bound on rows ended the walk.
    private(set) var isPartial = false

    private let limit: Int

    /// - Parameter limit: rows of the data column family to look at, at most.
    init(limit: Int) { self.limit = limit }

    /// - Parameter progress: told now and then how many rows of messages have been read.
    mutating func run(
        _ database: borrowing Database, data: Int, trie family: Int?, progress: (Int) -> Void
    ) throws(RocksError) {
        if let family { try readTrie(database, family) }
        var cursor = Cursor(database, family: data)
        cursor.seek(UnsafeRawBufferPointer(start: nil, count: 0))
        var rows = 0
        while try cursor.current({ add($0, $1) }) != nil {
            rows += 1
            if rows & 0xFFFF == 0 { progress(rows) }
            guard rows < limit else {
                cursor.next()
                isPartial = try cursor.current { _, _ in true } != nil
                return
            }
            cursor.next()
        }
    }

    private mutating func readTrie(
        _ database: borrowing Database, _ family: Int
    ) throws(RocksError) {
        var cursor = Cursor(database, family: family)
        cursor.seek(UnsafeRawBufferPointer(start: nil, count: 0))
        while let failure = try cursor.current({ key, value -> LayoutError? in
            do throws(LayoutError) {
                try trie.add(key: key, value: value)
                return nil
            } catch { return error }
        }) {
            trieFailure = trieFailure ?? failure
            cursor.next()
        }
        counts.trie = trie.rows.count
        counts.trieBytes = trie.bytes
        counts.streams = trie.patterns.count
    }

    private mutating func add(_ key: UnsafeRawBufferPointer, _ value: UnsafeRawBufferPointer) {
        let isData = key.count == [UInt8].dataKeySize
        guard isData || key.count == [UInt8].indexKeySize else {
            counts.other += 1
            return
        }
        let level = Int(UInt16(bigEndian: key.loadUnaligned(fromByteOffset: 8, as: UInt16.self)))
        guard isData == (level == 0) else {
            counts.other += 1
            return
        }
        guard isData else {
            counts.index[level, default: 0] += 1
            return
        }
        let stream = StreamID(
            rawValue: UInt64(bigEndian: key.loadUnaligned(as: UInt64.self)))
        let timestamp = UInt64(
            bigEndian: key.loadUnaligned(fromByteOffset: 10, as: UInt64.self))
        counts.data += 1
        counts.valueBytes += value.count
        messages[stream, default: 0] += 1
        oldest = min(oldest ?? timestamp, timestamp)
        newest = max(newest ?? timestamp, timestamp)
        let bytes = value.bytes
        if let (message, size) = values.check(bytes) {
            ledger.add(stream, varying: bytes.extracting(message.varying.range), at: timestamp, size: size)
        }
    }
}
