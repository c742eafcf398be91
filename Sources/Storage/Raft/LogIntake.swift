internal import Dispatch
internal import Synchronization

/// An entry on its way into the log.
struct LogEntry: Sendable {
    let shard: Int
    let index: UInt64
    var command: [UInt8]
}

/// Where shards leave entries for the log's writer. What arrives while it writes and syncs one group is the
/// next one, whatever the shard: Ra's write-ahead log is a batch server (reference 3.8).
///
/// A shard has at most one entry here, because its buffer waits for it.
final class LogIntake: Sendable {
    private struct State: Sendable {
        var waiting: [LogEntry] = []
        var answers: [Result<[UInt8], RefusedEntry>?]
        var outstanding = 0
        var closed = false
    }

    private let state: Mutex<State>
    private let arrived = DispatchSemaphore(value: 0)
    private let answered: [DispatchSemaphore]

    init(shards: Int) {
        state = Mutex(State(answers: Array(repeating: nil, count: shards)))
        answered = (0..<shards).map { _ in DispatchSemaphore(value: 0) }
    }

    /// Entries that were handed in and are not synced.
    var depth: Int { state.withLock { $0.outstanding } }

    /// Blocks until the entry is synced or refused. Its bytes come back either way.
    func submit(shard: Int, index: UInt64, _ command: inout [UInt8]) throws(RocksError) {
        var lent: [UInt8] = []
        swap(&lent, &command)
        state.withLock { state in
            precondition(!state.closed && state.answers[shard] == nil)
            state.waiting.append(LogEntry(shard: shard, index: index, command: lent))
            state.outstanding += 1
        }
        lent = []
        arrived.signal()
        answered[shard].wait()
        let answer = state.withLock { state in
            let answer = state.answers[shard]
            state.answers[shard] = nil
            return answer
        }
        switch answer {
        case .success(let bytes): command = bytes
        case .failure(let refused):
            command = refused.command
            throw refused.error
        case nil: preconditionFailure("the log answers before it signals")
        }
    }

    /// Waits for entries and moves at most `most` of them, in the order they came, into `group`.
    /// - Returns: false when the intake is closed and empty.
    func take(into group: inout [LogEntry], most: Int) -> Bool {
        precondition(group.isEmpty && most > 0)
        while true {
            let open: Bool? = state.withLock { state in
                if state.waiting.isEmpty { return state.closed ? false : nil }
                let count = min(most, state.waiting.count)
                group.append(contentsOf: state.waiting[..<count])
                state.waiting.removeFirst(count)
                return true
            }
            if let open { return open }
            arrived.wait()
        }
    }

    /// Tells the shards of `group` how it went, and empties it.
    func answer(_ group: inout [LogEntry], _ error: RocksError?) {
        state.withLock { state in
            for place in group.indices {
                // Nobody else holds the bytes when the shard has them back, so that it can reuse them.
                var command: [UInt8] = []
                swap(&command, &group[place].command)
                state.answers[group[place].shard] =
                    if let error {
                        .failure(RefusedEntry(error: error, command: command))
                    } else {
                        .success(command)
                    }
                state.outstanding -= 1
            }
        }
        for entry in group { answered[entry.shard].signal() }
        group.removeAll(keepingCapacity: true)
    }

    func close() {
        state.withLock { $0.closed = true }
        arrived.signal()
    }
}

/// An entry that the disk did not take, with its bytes.
private struct RefusedEntry: Error {
    let error: RocksError
    let command: [UInt8]
}
