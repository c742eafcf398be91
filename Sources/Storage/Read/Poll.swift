internal import Layout
internal import Measure

/// A question on its way to its answer.
struct Poll: Sendable {
    let request: ReadRequest
    /// When it is answered though there is nothing; nil if it does not wait at all.
    let deadline: MonotonicTime?
    /// `committed(in:)` of the shard before its reading began.
    var committed: Int?

    private(set) var cursors: [StreamCursor]
    /// The cursor that is read next; those before it were read to their end.
    private(set) var place = 0
    /// Cursors that nothing is to come for: their generations had ended before they were read to their end.
    private var over: [Int] = []
    private(set) var batch = StoredBatch(bytes: [], messages: [])

    init(_ request: ReadRequest, at now: MonotonicTime) {
        self.request = request
        deadline = request.wait.map { now + $0 }
        cursors = request.cursors
    }

    /// The cursor to read next; nil when all were read to their end.
    var cursor: StreamCursor? { place < cursors.count ? cursors[place] : nil }
    /// Messages that it may still take.
    var room: Int { request.limit - batch.messages.count }
    var isEmpty: Bool { batch.messages.isEmpty }
    /// What is yet to come cannot be for it.
    var isBounded: Bool {
        cursors.indices.allSatisfy { cursors[$0].isBounded || over.contains($0) }
    }

    /// It has read a generation as the current one that has ended before `generation` began.
    func isBehind(_ generation: Int) -> Bool {
        cursors.indices.contains {
            cursors[$0].address.generation < generation && !over.contains($0)
                && !cursors[$0].isBounded
        }
    }

    /// Takes what a scan found at its cursor.
    /// - Parameters:
    ///   - bytes: what the messages' ranges refer to; shared with the other polls of the scan.
    ///   - position: timestamp of the last message that it has passed.
    ///   - ended: the stream was read to its end.
    ///   - isOver: no more is to come to the stream.
    mutating func take(
        _ messages: [StoredBatch.Message], in bytes: [UInt8], upTo position: UInt64, ended: Bool,
        isOver: Bool
    ) {
        if !messages.isEmpty { batch = batch.appending(messages, in: bytes) }
        cursors[place].after = max(cursors[place].after, position)
        if ended, isOver { over.append(place) }
        if ended || cursors[place].after >= cursors[place].through { place += 1 }
    }

    /// Begins again with the first cursor: something may have come for any of them.
    mutating func restart() {
        precondition(isEmpty)
        place = 0
        over = []
        committed = nil
    }

    func reply(_ outcome: ReadReply.Outcome) -> ReadReply {
        ReadReply(
            session: request.session, epoch: request.epoch, shard: request.shard, cursors: cursors,
            messages: batch, complete: outcome == .read ? place : cursors.count, over: over,
            committed: committed ?? 0, outcome: outcome)
    }
}

extension StoredBatch {
    /// One after the other, in one arena. An empty batch shares the arena of what is appended.
    fileprivate func appending(_ more: [Message], in arena: [UInt8]) -> StoredBatch {
        guard !messages.isEmpty else { return StoredBatch(bytes: arena, messages: more) }
        let offset = bytes.count
        return StoredBatch(
            bytes: bytes + arena, messages: messages + more.map { $0.moved(by: offset) })
    }
}

extension StoredBatch.Message {
    fileprivate func moved(by offset: Int) -> StoredBatch.Message {
        func moved(_ range: Range<Int>) -> Range<Int> {
            range.lowerBound + offset..<range.upperBound + offset
        }
        return StoredBatch.Message(
            topic: moved(topic), properties: moved(properties), payload: moved(payload),
            identifiers: moved(identifiers), qos: qos, retain: retain, cursor: cursor,
            timestamp: timestamp, published: published, expiry: expiry)
    }
}
