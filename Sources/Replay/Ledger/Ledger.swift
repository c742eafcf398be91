internal import MQTT
package import Measure

/// A record, outside of the broker's process, of what was sent, acknowledged, delivered and acknowledged by the
/// subscriber, in the order in which one thread saw it.
///
/// A message at QoS 1 with one subscriber takes about 60 bytes (see `Replay.docc`), so 100 million take 6 GB. Kept in
/// memory are only the numbers of clients and topics, 24 bytes for a topic. What was recorded is in the file before
/// the call returns, also if this process is killed then.
package final class Ledger {
    package let path: String
    private var file: LedgerFile
    private var last = MonotonicTime(nanoseconds: 0)
    private var clients: [String: Int] = [:]
    private var clientCount = 0
    /// By the hash of the name.
    private var topics: [UInt64: Int] = [:]
    private var isClosed = false
    /// Why nothing is recorded any more; what was recorded proves nothing then.
    package private(set) var failure: LedgerError?
    /// PUBLISHes recorded, both ways.
    package private(set) var messages = 0

    /// - Throws: `.cannotWrite`, also if there is a file of that name.
    package init(creating path: String) throws(LedgerError) {
        self.path = path
        file = try LedgerFile(creating: path)
        try file.reserve(LedgerCode.magic.count)
        let magic = LedgerCode.magic
        file.put(magic.span.bytes)
    }

    package var size: Bytes { Bytes(UInt64(file.size)) }

    /// The broker's process was killed.
    package func killed(at now: MonotonicTime) { record(.mark(.killed, at: now)) }
    /// The broker's process was started again.
    package func restarted(at now: MonotonicTime) { record(.mark(.restarted, at: now)) }
    /// The broker accepts connections again.
    package func accepting(at now: MonotonicTime) { record(.mark(.accepting, at: now)) }

    /// What was on its way to clients that are connected has had the time to come: what has not is missing. To be
    /// said before clients hang up, since a session that ends with its connection takes with it what it was owed.
    package func settled(at now: MonotonicTime) { record(.mark(.settled, at: now)) }

    /// Nothing is recorded after this.
    package func close(at now: MonotonicTime) {
        guard !isClosed else { return }
        record(.mark(.end, at: now))
        isClosed = true
        do throws(LedgerError) { try file.trim() } catch { failure = failure ?? error }
    }

    /// The number of a client; one without an identifier is another one each time.
    func number(ofClient name: String) -> Int {
        if let known = clients[name] { return known }
        let number = clientCount
        clientCount += 1
        if !name.isEmpty { clients[name] = number }
        record(.client(name))
        return number
    }

    func number(ofTopic name: RawSpan) -> Int {
        let hash = contentHash(name)
        if let known = topics[hash] { return known }
        let number = topics.count
        topics[hash] = number
        record(.topic(name.withUnsafeBytes { Array($0) }))
        return number
    }

    func record(_ record: LedgerRecord) {
        guard failure == nil, !isClosed else { return }
        switch record {
        case .publish, .delivery: messages += 1
        default: break
        }
        do throws(LedgerError) { try file.append(record, after: &last) } catch { failure = error }
    }
}
