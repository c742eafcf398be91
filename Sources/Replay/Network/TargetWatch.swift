internal import MQTT
internal import Measure

/// What a target owes, and for how long it has said nothing: when it is to be given up.
struct TargetWatch {
    private struct Open {
        var unanswered = 0
        var hasSpoken = false
        var quiet = Quiet()
        var isNoted = false
    }

    /// How long answers are owed and nothing at all has come.
    private struct Quiet {
        private var since: MonotonicTime?

        mutating func asked(at now: MonotonicTime) { if since == nil { since = now } }

        /// - Parameter owed: answers that are still to come.
        mutating func heard(at now: MonotonicTime, owed: Int) { since = owed > 0 ? now : nil }

        /// Nil if nothing is owed.
        func time(at now: MonotonicTime) -> Nanoseconds? { since.map { now - $0 } }
    }

    private let limits: BacklogLimits
    private var connections: [Int: Open] = [:]
    private var quiet = Quiet()
    private var meter = RateMeter()
    private var published = 0
    /// Connections on which something has come.
    private var inUse = 0
    /// Since when no connection could be made and none was in use, and what happened to the last.
    private var failing: (since: MonotonicTime, fault: TransportFault)?
    /// Requests without an answer.
    private(set) var unanswered = 0

    init(_ limits: BacklogLimits) { self.limits = limits }

    /// Those that the replay has opened and nobody has closed.
    var open: [Int] { Array(connections.keys) }
    func isOpen(_ connection: Int) -> Bool { connections[connection] != nil }

    mutating func opened(_ connection: Int) { connections[connection] = Open() }

    /// - Parameter first: of its bytes.
    mutating func sent(
        _ type: PacketType, first: UInt8, on connection: Int, at now: MonotonicTime
    ) {
        if type == .publish { published += 1 }
        guard type.isAnswered(first: first) else { return }
        unanswered += 1
        quiet.asked(at: now)
        connections[connection]?.unanswered += 1
        connections[connection]?.quiet.asked(at: now)
    }

    mutating func heard(_ type: PacketType, on connection: Int, at now: MonotonicTime) {
        guard let place = connections.index(forKey: connection) else { return }
        failing = nil
        connections.values[place].isNoted = false
        if !connections.values[place].hasSpoken {
            connections.values[place].hasSpoken = true
            inUse += 1
        }
        if type.isAnswer, connections.values[place].unanswered > 0 {
            connections.values[place].unanswered -= 1
            unanswered -= 1
        }
        quiet.heard(at: now, owed: unanswered)
        connections.values[place].quiet.heard(
            at: now, owed: connections.values[place].unanswered)
    }

    /// - Parameter fault: what the target did; nil if it is the replay that ended it.
    mutating func closed(_ connection: Int, _ fault: TransportFault?, at now: MonotonicTime) {
        guard let open = connections.removeValue(forKey: connection) else { return }
        unanswered -= open.unanswered
        if unanswered == 0 { quiet.heard(at: now, owed: 0) }
        if open.hasSpoken { inUse -= 1 }
        if let fault, !open.hasSpoken, inUse == 0 { failing = (failing?.since ?? now, fault) }
    }

    /// Whether the replay is to stop, and why.
    mutating func reasonToStop(unsentBytes: Int, at now: MonotonicTime) -> TransportStop? {
        meter.add(published, at: now)
        if unanswered > limits.unanswered || unsentBytes > limits.unsentBytes {
            return .overload(
                messagesPerSecond: meter.perSecond, unanswered: unanswered, unsentBytes: unsentBytes
            )
        }
        if let time = quiet.time(at: now), time > limits.silence {
            return .silent(for: time, unanswered: unanswered)
        }
        if let failing, now - failing.since > limits.silence {
            return .unreachable(for: now - failing.since, failing.fault)
        }
        return nil
    }

    /// - Returns: how many connections are owed an answer for too long, each once until it speaks again.
    mutating func newlySilent(at now: MonotonicTime) -> Int {
        var count = 0
        for place in connections.indices where !connections.values[place].isNoted {
            guard let time = connections.values[place].quiet.time(at: now), time > limits.silence
            else { continue }
            connections.values[place].isNoted = true
            count += 1
        }
        return count
    }
}

/// How fast a count has grown over about the last second.
private struct RateMeter {
    private var samples: [(time: MonotonicTime, count: Int)] = []

    mutating func add(_ count: Int, at now: MonotonicTime) {
        // One that is a second old stays, to count from.
        while samples.count > 1, now - samples[1].time >= .seconds(1) { samples.removeFirst() }
        samples.append((now, count))
    }

    var perSecond: Double {
        guard let first = samples.first, let last = samples.last, last.time > first.time else {
            return 0
        }
        return Double(last.count - first.count) / (last.time - first.time).seconds
    }
}

extension PacketType {
    fileprivate func isAnswered(first: UInt8) -> Bool {
        switch self {
        // At QoS 1 and 2.
        case .publish: first & 0b0110 != 0
        case .connect, .pubrel, .subscribe, .unsubscribe, .pingreq: true
        default: false
        }
    }

    fileprivate var isAnswer: Bool {
        switch self {
        case .connack, .puback, .pubrec, .pubcomp, .suback, .unsuback, .pingresp: true
        default: false
        }
    }
}
