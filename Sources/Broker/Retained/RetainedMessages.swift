internal import MQTT
internal import Storage

/// The retained messages of all topics, in memory; storage keeps a copy of each.
struct RetainedMessages {
    private var index = TopicIndex<RetainedMessage>()
    private var deadlines = Deadlines()

    var count: Int { index.count }

    func contains(_ topic: RawSpan) -> Bool { index[topic] != nil }

    /// In the place of what was kept for its topic.
    mutating func keep(_ message: RetainedMessage) {
        message.withTopic { topic in
            index.insert(message, for: topic)?.isCurrent = false
        }
        deadlines.add(message, among: index.count)
    }

    /// - Returns: false if nothing was kept for the topic.
    mutating func remove(_ topic: RawSpan) -> Bool {
        guard let old = index.remove(topic) else { return false }
        old.isCurrent = false
        return true
    }

    func matching(_ filter: TopicFilter) -> [RetainedMessage] {
        var found: [RetainedMessage] = []
        index.forEachMatch(filter) { found.append($0) }
        // The order in which they were published, as far as the clock tells.
        found.sort { $0.batch.messages[0].published < $1.batch.messages[0].published }
        return found
    }

    /// Forgets what has expired.
    /// - Parameters:
    ///   - now: wall clock, milliseconds.
    ///   - limit: messages at most.
    /// - Returns: what it was.
    mutating func removeExpired(at now: Int64, limit: Int) -> [RetainedMessage] {
        var gone: [RetainedMessage] = []
        while gone.count < limit, let message = deadlines.takeDue(at: now) {
            guard message.isCurrent else { continue }
            message.withTopic { _ = remove($0) }
            gone.append(message)
        }
        return gone
    }
}

/// Messages by the time at which they expire: a heap, the earliest first.
private struct Deadlines {
    private var heap: [RetainedMessage] = []

    /// - Parameter kept: messages that are kept at all.
    mutating func add(_ message: RetainedMessage, among kept: Int) {
        guard message.ends != nil else { return }
        // What was replaced long before its time must not pile up.
        if heap.count > 2 * kept + 64 {
            let current = heap.filter(\.isCurrent)
            heap = []
            for message in current { push(message) }
        }
        push(message)
    }

    /// The first one, if its time has come.
    mutating func takeDue(at now: Int64) -> RetainedMessage? {
        guard let first = heap.first, first.hasExpired(at: now) else { return nil }
        let last = heap.removeLast()
        guard !heap.isEmpty else { return first }
        heap[0] = last
        var place = 0
        while true {
            var least = place
            for child in [2 * place + 1, 2 * place + 2] where child < heap.count {
                if Self.ends(heap[child]) < Self.ends(heap[least]) { least = child }
            }
            guard least != place else { return first }
            heap.swapAt(least, place)
            place = least
        }
    }

    private mutating func push(_ message: RetainedMessage) {
        heap.append(message)
        var place = heap.count - 1
        while place > 0, Self.ends(heap[place]) < Self.ends(heap[(place - 1) / 2]) {
            heap.swapAt(place, (place - 1) / 2)
            place = (place - 1) / 2
        }
    }

    private static func ends(_ message: RetainedMessage) -> Int64 { message.ends ?? .max }
}
