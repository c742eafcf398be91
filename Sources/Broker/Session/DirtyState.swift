internal import Layout
internal import MQTT
internal import Storage

/// What has changed in a durable session since its state was last handed to its tables. Marking costs no
/// write; a commit takes metadata and only these keys (reference 4.1).
struct DirtyState {
    /// Counters of a session's deliveries; only their changes matter here, the window keeps its own state.
    struct Counters {
        private var values = [Int](repeating: 0, count: Seqno.allCases.count)

        subscript(seqno: Seqno) -> Int { values[seqno.rawValue] }

        mutating func set(_ seqno: Seqno, to value: Int) { values[seqno.rawValue] = value }

        @discardableResult
        mutating func advance(_ seqno: Seqno) -> Int {
            values[seqno.rawValue] += 1
            return values[seqno.rawValue]
        }
    }

    private(set) var counters = Counters()
    private var seqnos: Set<Seqno> = []
    private var keys: Set<StateKey> = []
    /// When the messages came whose PUBREL is still to come, by packet identifier: those that are new.
    private var awaited: [PacketID: Int] = [:]
    private var deleted: Set<StateKey> = []

    var isEmpty: Bool { seqnos.isEmpty && keys.isEmpty && awaited.isEmpty && deleted.isEmpty }

    /// - Returns: its new value.
    @discardableResult
    mutating func advance(_ seqno: Seqno) -> Int {
        seqnos.insert(seqno)
        return counters.advance(seqno)
    }

    /// Its value has changed; it is computed when it is committed.
    mutating func touch(_ seqno: Seqno) { seqnos.insert(seqno) }

    /// Gives back the room of what was taken.
    mutating func rest() {
        guard isEmpty else { return }
        seqnos = []
        keys = []
        awaited = [:]
        deleted = []
    }

    /// What `touch` announced, or what was found in the tables.
    mutating func settle(_ seqno: Seqno, at value: Int) { counters.set(seqno, to: value) }

    mutating func change(_ key: StateKey) {
        deleted.remove(key)
        keys.insert(key)
    }

    mutating func delete(_ key: StateKey) {
        keys.remove(key)
        deleted.insert(key)
    }

    mutating func awaits(_ id: PacketID, since: Int) {
        deleted.remove(.awaitingRelease(id.rawValue))
        awaited[id] = since
    }

    mutating func released(_ id: PacketID) {
        // Also when it was never committed: that it was is known to the table only.
        awaited[id] = nil
        deleted.insert(.awaitingRelease(id.rawValue))
    }

    /// Moves everything into `changes`; `value` says what a key's row is now, nil if it is gone.
    mutating func take(
        into changes: inout SessionChanges, value: (StateKey) -> StateValue?
    ) {
        for seqno in seqnos { changes.rows[.seqno(seqno)] = .seqno(counters[seqno]) }
        for (id, since) in awaited {
            changes.rows[.awaitingRelease(id.rawValue)] = .awaitingRelease(since)
        }
        for key in keys {
            if let value = value(key) { changes.rows[key] = value } else { deleted.insert(key) }
        }
        changes.deleted += deleted
        seqnos.removeAll(keepingCapacity: true)
        keys.removeAll(keepingCapacity: true)
        awaited.removeAll(keepingCapacity: true)
        deleted.removeAll(keepingCapacity: true)
    }
}
