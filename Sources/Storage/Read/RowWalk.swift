internal import Layout

/// One iterator of a scan: over the messages of a stream, or over the rows of one token in the index of one
/// of its varying levels. Open as long as it exists.
final class RowWalk {
    private enum Rows { case messages, index(level: Int, TokenHash) }

    private let stream: StreamID
    private let rows: Rows
    private let scheme: KeyScheme
    private var cursor: Cursor
    private var key: [UInt8]

    /// Over the messages of `stream`.
    convenience init(
        messagesOf stream: StreamID, in database: borrowing Database, family: Int,
        _ scheme: KeyScheme, _ tier: ReadTier
    ) {
        self.init(.messages, of: stream, in: database, family, scheme, tier)
    }

    /// Over the rows that say which messages of `stream` have `token` on its varying level `level`, from 1.
    convenience init(
        of token: TokenHash, level: Int, in stream: StreamID, database: borrowing Database,
        family: Int, _ scheme: KeyScheme, _ tier: ReadTier
    ) {
        self.init(.index(level: level, token), of: stream, in: database, family, scheme, tier)
    }

    private init(
        _ rows: Rows, of stream: StreamID, in database: borrowing Database, _ family: Int,
        _ scheme: KeyScheme, _ tier: ReadTier
    ) {
        self.stream = stream
        self.scheme = scheme
        self.rows = rows
        // As EMQX bounds its iterators; the largest timestamp is not one of a message.
        let lower = Self.key(of: rows, in: stream, at: 0)
        key = lower
        cursor = Cursor(
            database, family: family, from: lower,
            below: Self.key(of: rows, in: stream, at: .max), tier)
    }

    private static func key(of rows: Rows, in stream: StreamID, at timestamp: UInt64) -> [UInt8] {
        var key: [UInt8] = []
        append(rows, of: stream, at: timestamp, to: &key)
        return key
    }

    /// The least key that a row of this time can have, in every scheme.
    private static func append(
        _ rows: Rows, of stream: StreamID, at timestamp: UInt64, to key: inout [UInt8]
    ) {
        switch rows {
        case .messages: key.appendDataKey(stream, timestamp: timestamp)
        case .index(let level, let token):
            key.appendIndexKey(stream, level: level, token: token, timestamp: timestamp)
        }
    }

    /// To the first row that is not earlier than `timestamp`.
    /// - Returns: its timestamp, nil at the end.
    func seek(_ timestamp: UInt64, _ counters: inout ReadCounters) throws(RocksError) -> UInt64? {
        key.removeAll(keepingCapacity: true)
        Self.append(rows, of: stream, at: timestamp, to: &key)
        key.withUnsafeBytes { cursor.seek($0) }
        counters.seeks += 1
        return try here(&counters)
    }

    /// To the next row.
    /// - Returns: its timestamp, nil at the end.
    func next(_ counters: inout ReadCounters) throws(RocksError) -> UInt64? {
        cursor.next()
        counters.nexts += 1
        return try here(&counters)
    }

    private func here(_ counters: inout ReadCounters) throws(RocksError) -> UInt64? {
        let found = try cursor.current { key, _ -> Result<UInt64, RocksError> in
            // The bounds admit no other stream, level or token.
            if let read = DataKey(key.bytes, scheme) { return .success(read.timestamp) }
            let digits = key.map { String($0 >> 4, radix: 16) + String($0 & 15, radix: 16) }
            return .failure(.damaged("stream \(stream) has a row with the key \(digits.joined())"))
        }
        switch found {
        case nil: return nil
        case .failure(let error)?: throw error
        case .success(let timestamp)?:
            switch rows {
            case .messages: counters.dataRows += 1
            case .index: counters.indexRows += 1
            }
            return timestamp
        }
    }

    /// Lends key and value of the current row, which die with the next move.
    func row<Result>(
        _ body: (_ key: RawSpan, _ value: RawSpan) -> Result
    ) throws(RocksError) -> Result? {
        try cursor.current { body($0.bytes, $1.bytes) }
    }
}

extension RocksError {
    /// A row that RocksDB gave back and that is not what was stored. `kCorruption` is 2 (rocksdb/status.h).
    static func damaged(_ what: String) -> RocksError {
        RocksError(code: 2, subcode: 0, description: what)
    }
}
