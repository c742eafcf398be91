internal import Layout
internal import MQTT
internal import Synchronization

/// One pass over the streams of a question: seeks each, takes what matches a filter, stops at the limit.
struct StreamScan {
    private let question: ReadRequest
    private(set) var cursors: [StreamCursor]
    private(set) var bytes: [UInt8] = []
    private(set) var messages: [StoredBatch.Message] = []
    /// Cursors that were read to their end.
    private(set) var complete = 0
    private var key: [UInt8] = []
    private var varying: [UInt8] = []
    private let format: RowFormat

    init(_ question: ReadRequest, _ format: RowFormat) {
        self.question = question
        self.format = format
        cursors = question.cursors
    }

    private var isFull: Bool { messages.count >= question.limit }

    /// - Throws: RocksDB's refusal to read; a row that cannot be decoded counts as one.
    mutating func run(in shard: Shard) throws(RocksError) {
        let generations = shard.generations
        guard let current = generations.last else { return }
        var newest = Cursor(shard.database, family: current.families.data)
        for place in cursors.indices {
            // Timestamps rise from generation to generation, so one cursor goes through all of them.
            for old in generations.dropLast() where cursors[place].after < old.last {
                var rows = Cursor(shard.database, family: old.families.data)
                guard try read(&rows, place, old, shard) else { return }
                cursors[place].after = max(cursors[place].after, old.last)
            }
            guard try read(&newest, place, current, shard) else { return }
            complete = place + 1
        }
    }

    /// - Returns: false when the limit came before the end of the stream.
    private mutating func read(
        _ rows: inout Cursor, _ place: Int, _ generation: Generation, _ shard: Shard
    ) throws(RocksError) -> Bool {
        key.removeAll(keepingCapacity: true)
        key.appendDataKey(cursors[place].stream, timestamp: cursors[place].after + 1)
        key.withUnsafeBytes { rows.seek($0) }
        while try take(rows, place, generation, shard) {
            if isFull { return false }
            rows.next()
        }
        return true
    }

    /// Takes the current row, if it is a message of the stream.
    /// - Returns: false at the end of the stream.
    private mutating func take(
        _ rows: borrowing Cursor, _ index: Int, _ generation: Generation, _ shard: Shard
    ) throws(RocksError) -> Bool {
        let stream = cursors[index].stream
        let taken = try rows.current { key, value -> Result<Bool, LayoutError> in
            // Messages have level 0, index rows follow them; another stream may follow at once.
            guard let place = DataKey(key.bytes, format.keys), place.stream == stream,
                place.level == 0
            else { return .success(false) }
            cursors[index].after = place.timestamp
            return Result { () throws(LayoutError) in
                try add(place, key.bytes, value.bytes, index, generation)
                return true
            }
        }
        switch taken {
        case .success(let more)?: return more
        case nil: return false
        case .failure(let error)?:
            throw RocksError(
                code: 2, subcode: 0,
                description: "a stored message of shard \(shard.number) cannot be read: \(error)")
        }
    }

    /// Copies a stored message to the arena if a filter wants it.
    private mutating func add(
        _ place: DataKey, _ key: RawSpan, _ value: RawSpan, _ index: Int, _ generation: Generation
    ) throws(LayoutError) {
        let start = bytes.count
        let message = try StoredMessage(
            decoding: value, as: format.values, appendingPropertiesTo: &bytes)
        let topicStart = bytes.count
        var tokens: [UInt8] = []
        swap(&tokens, &varying)
        defer { swap(&tokens, &varying) }
        tokens.removeAll(keepingCapacity: true)
        message.varying.append(from: value, to: &tokens)
        try place.appendVarying(of: key, to: &tokens)
        try generation.trie.withLock { trie throws(LayoutError) in
            try trie.appendTopic(of: place.stream, varying: tokens.span.bytes, to: &bytes)
        }
        let topic = topicStart..<bytes.count
        let granted = message.from.withBytes(of: value) { from in
            question.granted(
                bytes.span.bytes.extracting(topic), from: from, at: place.timestamp)
        }
        guard let granted else {
            bytes.removeLast(bytes.count - start)
            return
        }
        message.payload.append(from: value, to: &bytes)
        messages.append(
            StoredBatch.Message(
                topic: topic, properties: start..<topicStart,
                payload: topic.upperBound..<bytes.count, qos: min(message.qos, granted),
                retain: false, cursor: index))
    }
}
