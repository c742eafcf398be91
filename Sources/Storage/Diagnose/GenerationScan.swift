internal import Layout

/// One pass over the column families of one generation of a shard.
struct GenerationScan {
    private(set) var counts = RowCounts()
    private(set) var ledger = TopicLedger()
    /// Nil before the first value.
    private(set) var values: ValueCheck?
    /// Microseconds since 1970.
    private(set) var oldest: UInt64?
    private(set) var newest: UInt64?
    /// Messages of each stream.
    private(set) var messages: [StreamID: Int] = [:]
    private(set) var trie = TrieRows()
    /// Why the topics cannot be told.
    private(set) var trieFailure: LayoutError?
    /// Why the varying levels in a key cannot be told.
    private(set) var keyFailure: LayoutError?
    /// Whether the bound on rows ended the walk.
    private(set) var isPartial = false

    /// Of the keys; nil of a layout that is not known, all of whose rows are others.
    private let keys: KeyScheme?
    /// Rows of the data column family that have been looked at.
    private(set) var rows = 0

    private let limit: Int
    /// The tokens of the varying levels of one message, joined by "/".
    private var varying: [UInt8] = []

    /// - Parameters:
    ///   - keys: what the column family's name says of them; nil if its layout is not known.
    ///   - limit: rows of the data column family to look at, at most.
    init(_ keys: KeyScheme?, limit: Int) {
        self.keys = keys
        self.limit = limit
    }

    /// What the rows look like, from the rows themselves; nil if the layout is not known or there is no
    /// message.
    var format: RowFormat? { values?.format }

    /// - Parameter progress: told now and then how many rows of messages have been read.
    mutating func run(
        _ database: borrowing Database, data: Int, trie family: Int?, progress: (Int) -> Void
    ) throws(RocksError) {
        if let family { try readTrie(database, family) }
        var cursor = Cursor(database, family: data)
        cursor.seek(UnsafeRawBufferPointer(start: nil, count: 0))
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
        guard let keys, let place = DataKey(key.bytes, keys) else {
            counts.other += 1
            return
        }
        counts.keyBytes += key.count
        guard place.level == 0 else {
            counts.index[place.level, default: 0] += 1
            return
        }
        counts.data += 1
        counts.valueBytes += value.count
        messages[place.stream, default: 0] += 1
        oldest = min(oldest ?? place.timestamp, place.timestamp)
        newest = max(newest ?? place.timestamp, place.timestamp)
        var values =
            self.values
            ?? ValueCheck(
                RowFormat(
                    values: ValueFormat(of: value.bytes), keys: keys,
                    atoms: trie.atoms.first ?? .otp26))
        self.values = nil
        defer { self.values = values }
        guard let size = values.check(value.bytes) else { return }
        switch keys {
        case .skipstream:
            ledger.add(
                place.stream, varying: values.varying, at: place.timestamp, size: size)
        case .skipstreamV2:
            varying.removeAll(keepingCapacity: true)
            do throws(LayoutError) {
                try place.appendVarying(of: key.bytes, to: &varying)
                ledger.add(
                    place.stream, varying: varying, at: place.timestamp, size: size)
            } catch { keyFailure = keyFailure ?? error }
        }
    }
}

extension ValueFormat {
    /// Told by the first byte. A term begins with the version of its format, 131; what the packed rules
    /// write begins with one bit and padding: 0 or 128.
    fileprivate init(of value: RawSpan) {
        let first = value.isEmpty ? nil : value.unsafeLoad(as: UInt8.self)
        self = first == 131 ? .v1 : .asn1
    }
}
