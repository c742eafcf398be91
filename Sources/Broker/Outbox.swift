package import Measure

/// What the broker wants sent, in order: packets as ranges of one buffer, and connections to close. The
/// transport empties it and hands it back, so its memory is allocated once.
package struct Outbox {
    package enum Item: Sendable {
        case packet(connection: Int, Range<Int>)
        case close(connection: Int)
    }

    /// A PUBLISH that is answered by one of the packets: which packet, and when the PUBLISH came.
    package struct Answered: Sendable {
        package enum Kind: Sendable { case puback, pubrec }

        package let kind: Kind
        package let received: MonotonicTime
        /// The answer's place among `items`.
        package let item: Int
        /// Of the batch that it waited for, if it waited for one and that was measured.
        package let commit: CommitTime?
    }

    package private(set) var items: [Item] = []
    /// For the measure of acknowledgements.
    package private(set) var answers: [Answered] = []
    package private(set) var bytes: [UInt8] = []

    package init() {}

    /// Appends one packet that `write` writes.
    mutating func send(to connection: Int, _ write: (inout [UInt8]) -> Void) {
        let start = bytes.count
        write(&bytes)
        items.append(.packet(connection: connection, start..<bytes.count))
    }

    /// Appends one packet, unless it has more than `limit` bytes.
    /// - Returns: whether it is sent.
    mutating func send(
        to connection: Int, limit: Int, _ write: (inout [UInt8]) -> Void
    ) -> Bool {
        let start = bytes.count
        write(&bytes)
        guard bytes.count - start <= limit else {
            bytes.removeLast(bytes.count - start)
            return false
        }
        items.append(.packet(connection: connection, start..<bytes.count))
        return true
    }

    mutating func close(_ connection: Int) { items.append(.close(connection: connection)) }

    /// The last item is an answer.
    mutating func answered(
        _ kind: Answered.Kind, since received: MonotonicTime, _ commit: CommitTime?
    ) {
        answers.append(
            Answered(kind: kind, received: received, item: items.count - 1, commit: commit))
    }

    package mutating func removeAll() {
        answers.removeAll(keepingCapacity: true)
        items.removeAll(keepingCapacity: true)
        bytes.removeAll(keepingCapacity: true)
    }
}
