internal import MQTT

/// Durable sessions whose clients are away: for how long, and what is stored for them meanwhile, which is what
/// the broker reads back when they return.
struct Absences {
    private var index = FilterIndex<Int>()
    private var away: [Int: Absence] = [:]
    /// Counts the stored messages, so that filters that overlap count a message once.
    private var serial = 0

    /// Absences that ended with the client's return, nanoseconds, and what had been stored by then.
    private(set) var ended: [Ended] = []
    /// All of them, also those that `ended` has no room for.
    private(set) var count = 0
    private(set) var longest: Int64 = 0
    private(set) var messages = 0
    private(set) var largest = (messages: 0, bytes: 0)
    /// Sessions that had an absence, by number.
    private(set) var sessions: Set<Int> = []

    struct Ended {
        let length: Int64
        let messages: Int
        let bytes: Int
    }

    private struct Absence {
        let since: Int64
        let filters: Set<TopicFilter>
        var messages = 0
        var bytes = 0
        var serial = 0
    }

    /// More are not needed for a median.
    private static let kept = 1 << 16

    /// Sessions whose clients are away now.
    var stillAway: Int { away.count }
    /// The largest backlog of those that are away now.
    var waiting: (messages: Int, bytes: Int) {
        let most = away.values.max { $0.messages < $1.messages }
        return (most?.messages ?? 0, most?.bytes ?? 0)
    }

    mutating func left(_ session: Int, _ filters: Set<TopicFilter>, at time: Int64) {
        guard away[session] == nil else { return }
        away[session] = Absence(since: time, filters: filters)
        for filter in filters { index.insert(filter, session) }
    }

    mutating func returned(_ session: Int, at time: Int64) {
        guard let absence = take(session) else { return }
        let length = max(0, time &- absence.since)
        count += 1
        longest = max(longest, length)
        messages += absence.messages
        if absence.messages > largest.messages { largest = (absence.messages, absence.bytes) }
        sessions.insert(session)
        guard ended.count < Self.kept else { return }
        ended.append(Ended(length: length, messages: absence.messages, bytes: absence.bytes))
    }

    /// The session is over: nobody reads what was stored for it.
    mutating func ended(_ session: Int, at time: Int64) { _ = take(session) }

    mutating func stored(_ topic: RawSpan, bytes: Int) {
        guard !index.isEmpty else { return }
        serial += 1
        index.forEachMatch(topic) { session in
            guard let known = away[session], known.serial != serial else { return }
            away[session]?.serial = serial
            away[session]?.messages += 1
            away[session]?.bytes += bytes
        }
    }

    private mutating func take(_ session: Int) -> Absence? {
        guard let absence = away.removeValue(forKey: session) else { return nil }
        for filter in absence.filters { index.remove(filter, session) }
        return absence
    }
}
