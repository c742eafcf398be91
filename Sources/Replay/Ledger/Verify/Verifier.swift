package import Measure

/// Says what a ledger proves. Reads it from disk, once to see how much there is and once more for each part of the
/// topics that fits into memory; who is connected and subscribed is followed each time.
///
/// What is the same in topic and payload is interchangeable. A topic is not divided: one with more messages than fit
/// takes the memory it needs.
package struct Verifier {
    package struct Options: Sendable {
        /// For messages; clients, topics and subscriptions come on top.
        package var memory = Bytes.mib(512)
        /// Messages with an intended time in here count for latencies; all if nil.
        package var window: Range<MonotonicTime>?
        /// Live deliveries that take longer are counted against the broker.
        package var deliveryLimit: Nanoseconds?

        package init() {}
    }

    private let path: String
    private let promise: Promise
    private let options: Options

    /// - Parameter path: a ledger that nothing is written to any more.
    package init(_ path: String, _ promise: Promise, _ options: Options = Options()) {
        (self.path, self.promise, self.options) = (path, promise, options)
    }

    /// - Throws: if the ledger cannot be read, or is damaged.
    package func run() throws(LedgerError) -> Verification {
        let survey = try survey()
        var whole = Verification(promise)
        var missing: [Int: Int] = [:], overflow: [Int: Int] = [:]
        for (part, topics) in parts(of: survey.messages).enumerated() {
            let audit = Audit(
                judging: topics, messages: survey.messages[topics].reduce(0, +), promise, options)
            var reader = try LedgerReader(path)
            while let record = try reader.next() { audit.take(record) }
            audit.finish()
            whole.add(audit.found, isFirst: part == 0)
            missing.merge(audit.missing) { $0 + $1 }
            overflow = Dictionary(
                uniqueKeysWithValues: audit.clients.map { ($0.number, $0.overflow) })
        }
        // Which of a client's messages a full queue has cost is the broker's choice; how many is not.
        whole.lostToQueueLimit = missing.reduce(0) { $0 + min($1.value, overflow[$1.key] ?? 0) }
        whole.isComplete = survey.isComplete
        whole.ledgerBytes = survey.size
        return whole
    }

    /// Ranges of topics with as many messages as fit into memory, one topic at least.
    private func parts(of messages: [Int]) -> [Range<Int>] {
        let limit = max(1, Int(options.memory.count) / MessageTable.bytesPerMessage)
        var parts: [Range<Int>] = []
        var (start, count) = (0, 0)
        for (topic, messages) in messages.enumerated() {
            if count > 0, count + messages > limit {
                parts.append(start..<topic)
                (start, count) = (topic, 0)
            }
            count += messages
        }
        return parts + [start..<messages.count]
    }

    private struct Survey {
        /// Sent, by topic.
        var messages: [Int] = []
        var isComplete = false
        var size = Bytes.zero
    }

    private func survey() throws(LedgerError) -> Survey {
        var survey = Survey()
        var reader = try LedgerReader(path)
        while let record = try reader.next() {
            switch record {
            case .publish(let sighting): survey.messages[sighting.topic] += 1
            case .topic: survey.messages.append(0)
            default: break
            }
        }
        survey.isComplete = reader.isComplete
        survey.size = reader.size
        return survey
    }
}
