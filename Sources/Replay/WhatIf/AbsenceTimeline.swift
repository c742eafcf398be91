internal import MQTT
internal import Measure
internal import Traffic

/// Clients that lose their connections at one moment and come back: all of them a storm of reconnects,
/// subscribers alone a queue that grows for them.
///
/// What a client sends while it is away waits with it and is sent when it is back, as its library would; a
/// message at QoS 0 is lost. Who would have left meanwhile does not come back.
final class AbsenceTimeline: Timeline {
    private let base: any Timeline
    private let absence: Absence
    private var chance: Seed
    private var sessions: [SessionMemory] = []
    private var aliases = AliasRepair()
    private var hasBegun = false
    private var pending: TimelineStep?
    private var isBaseOver = false
    /// What those who are away have to send, by client.
    private var away: [Int: StepQueue] = [:]
    /// Of those, who has said DISCONNECT: it does not come back.
    private var leaving: Set<Int> = []
    private var returns = DueQueue<Nanoseconds, Int>()
    private var ready = StepQueue()
    private var lastOffset = Nanoseconds.zero
    private var heldBytes = 0
    private var made: [UInt8] = []
    private var source = Source.base
    /// Clients that lost their connection.
    private(set) var affected = 0
    /// Messages at QoS 0 that were due while their client was away, and what did not fit into its memory.
    private(set) var lost = 0

    private enum Source { case base, made, repaired }

    /// What clients may have to send when they are back, bytes of all together.
    private static let heldLimit = 64 << 20

    init(_ base: any Timeline, _ absence: Absence, seed: Seed) {
        (self.base, self.absence) = (base, absence)
        chance = seed.branch("absence")
    }

    var clients: [TimelineClient] { base.clients }

    func next() throws(CaptureError) -> TimelineStep? {
        while true {
            if let step = ready.next(&made) {
                source = .made
                return step
            }
            if pending == nil, !isBaseOver {
                pending = try base.next()
                isBaseOver = pending == nil
            }
            let now = pending?.offset ?? Nanoseconds(.max)
            if !hasBegun, now >= absence.from, !isBaseOver {
                begin()
                continue
            }
            if let time = returns.next, time <= now, let client = returns.take() {
                comeBack(client, at: max(lastOffset, time))
                continue
            }
            guard let step = pending else { return nil }
            pending = nil
            if let played = play(step) { return played }
        }
    }

    func withPacket(_ body: (RawSpan) -> Void) {
        switch source {
        case .base: base.withPacket(body)
        case .made: made.withPacket(body)
        case .repaired: aliases.made.withPacket(body)
        }
    }

    func answerDelays(of client: Int) -> [Nanoseconds?] {
        base.answerDelays(of: client)
    }

    /// The moment has come.
    private func begin() {
        hasBegun = true
        for client in sessions.indices where sessions[client].isConnected {
            guard absence.concerns(sessions[client], chance: &chance) else { continue }
            affected += 1
            away[client] = StepQueue()
            ready.append(
                TimelineStep(offset: absence.from, client: client, kind: .closed(.reset)))
            let late = Int64.random(in: 0...max(0, absence.spread.count), using: &chance)
            returns.add(client, at: absence.from + absence.length + Nanoseconds(late))
        }
        lastOffset = absence.from
    }

    private func comeBack(_ client: Int, at offset: Nanoseconds) {
        guard !leaving.contains(client), var held = away.removeValue(forKey: client) else {
            return
        }
        // A session that the broker has kept has its subscriptions.
        let hasSession = sessions[client].connect?.isDurable ?? false
        sessions[client].enter(
            client, at: offset, subscribes: !hasSession, leaves: false, &ready)
        aliases.isReconnected(client)
        heldBytes -= held.byteCount
        send(&held, client, at: offset)
        lastOffset = offset
    }

    /// What has waited goes out, behind the CONNECT.
    private func send(_ held: inout StepQueue, _ client: Int, at offset: Nanoseconds) {
        let version = sessions[client].version
        var packet: [UInt8] = []
        while var step = held.next(&packet) {
            step.offset = offset
            if case .packet(.publish, let qos, _) = step.kind,
                let place = aliases.repair(packet.span.bytes, of: client, version: version)
            {
                step.kind = .packet(.publish, qos: qos, packetIDOffset: place)
                let made = aliases.made
                ready.append(step, made.span.bytes)
            } else {
                ready.append(step, packet.span.bytes)
            }
        }
    }

    /// - Returns: nil if its client is away.
    private func play(_ step: TimelineStep) -> TimelineStep? {
        lastOffset = max(lastOffset, step.offset)
        while sessions.count <= step.client { sessions.append(SessionMemory()) }
        base.withPacket { sessions[step.client].note(step, $0) }
        source = .base
        if case .opened = step.kind {
            aliases.forget(step.client)
            leaving.remove(step.client)
            // It is back as it was recorded, and what waited comes to nothing.
            if let held = away.removeValue(forKey: step.client) { giveUp(held) }
        }
        guard away[step.client] == nil else {
            base.withPacket { hold(step, $0) }
            return nil
        }
        var played = step
        let version = sessions[step.client].version
        if let kind = aliases.repaired(step, of: base, version: version) {
            played.kind = kind
            source = .repaired
        }
        return played
    }

    private func hold(_ step: TimelineStep, _ packet: RawSpan) {
        let client = step.client
        switch step.kind {
        case .packet(.pingreq, _, _), .opened: break
        case .packet(.publish, .atMostOnce, _):
            lost += 1
            aliases.leaveOut(packet, of: client, version: sessions[client].version)
        case .packet(.disconnect, _, _): leaving.insert(client)
        case .closed:
            if let held = away.removeValue(forKey: client) { giveUp(held) }
            leaving.remove(client)
        case .packet:
            guard heldBytes + packet.byteCount <= Self.heldLimit else {
                lost += 1
                return
            }
            heldBytes += packet.byteCount
            away[client]?.append(step, packet)
        }
    }

    private func giveUp(_ held: StepQueue) {
        heldBytes -= held.byteCount
        lost += held.count
    }
}

/// Who loses its connection, when, and for how long. Times are of the timeline.
struct Absence: Hashable {
    enum Who: Hashable {
        /// A share of all that are connected, 0 to 1.
        case connected(share: Double)
        /// Who has subscribed to something.
        case subscribers
    }

    var who: Who
    var from: Nanoseconds
    var length: Nanoseconds
    /// They come back one by one within this time.
    var spread: Nanoseconds

    func concerns(_ session: SessionMemory, chance: inout Seed) -> Bool {
        switch who {
        case .connected(let share): Double.random(in: 0..<1, using: &chance) < share
        case .subscribers: !session.subscriptions.isEmpty
        }
    }
}
