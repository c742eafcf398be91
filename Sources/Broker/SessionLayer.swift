package import Layout
internal import MQTT
package import Measure
package import Storage

/// Sessions, routing and the QoS handshakes of one broker, as a value machine: packets and times go in,
/// packets come out in an `Outbox`. No sockets, no clock, no threads of its own; whoever owns it calls it
/// from one thread.
///
/// As in EMQX, a PUBLISH is stored if and only if a durable session subscribes to its topic, whatever its
/// QoS (reference 3.1). When it is acknowledged is the store's choice: once it is in the shard's buffer, as
/// in EMQX, or once it is committed.
package final class SessionLayer {
    /// Counts since the start, for the ledger and the report.
    package struct Counters: Sendable {
        package var published = 0
        /// PUBACKs and PUBRECs sent with a success code.
        package var acknowledged = 0
        /// Promises that were not made, because storage lost what they would have promised.
        package var refused = 0
        package var submitted = 0
        package var delivered = 0
        /// Deliveries that the limits did not admit: of a full queue the oldest makes room, as in EMQX. Sessions
        /// that are not durable only; those that are read no further than they can keep.
        package var dropped = 0
        /// Deliveries whose message had expired [MQTT-3.3.2-5].
        package var expired = 0
        /// Messages that were not retained, because the limits did not admit it.
        package var retainedRefused = 0
        /// Messages that nobody subscribes to.
        package var unrouted = 0
        package var malformed = 0
        /// Messages that are larger than their subscriber accepts, and so were not sent [MQTT-3.1.2-25].
        package var tooLarge = 0
        /// Connections that were silent for too long.
        package var silent = 0
        /// CONNECTs that were accepted, and that were answered with a refusal.
        package var connects = 0
        package var refusedConnects = 0
        /// Sessions that were continued, taken over from an older connection, and removed when their time was over.
        package var resumed = 0
        package var takenOver = 0
        package var expiredSessions = 0
        /// Sessions that were found in the tables at the start.
        package var restored = 0
    }

    let store: any DurableStore
    /// Milliseconds since the epoch: what messages are dated and expire by.
    let wallClock: () -> UInt64
    /// Answers that wait for storage, by lane.
    var held: [HeldAnswers]
    /// When the packet came that is being answered; for the measure of acknowledgements only.
    var answering: MonotonicTime?
    /// Of the batch that decided what is being answered; for the measure of acknowledgements only.
    var commit: CommitTime?
    /// What lanes have decided and answers still wait for.
    var decisions: Decisions
    /// Durable sessions whose state has changed.
    var marked: [Session] = []
    let limits: SessionLimits
    let authority: (any Authority)?
    var connections = ConnectionTable()
    var sessions = SessionTable()
    /// Sessions without a connection, at the time when they expire; some have come back or ended since.
    var leaving = TimerWheel<Session>()
    /// Connections that must not be silent, at the time when they will have been, were nothing more to come.
    var listening = TimerWheel<Int>()
    /// Subscriptions of durable sessions: they decide what is stored.
    var durableRoutes = FilterIndex<Int>()
    /// Subscriptions of the others: they are served at once.
    var liveRoutes = FilterIndex<LiveRoute>()
    /// Groups without durable members, by number.
    var sharedRoutes = FilterIndex<Int>()
    var groups = SharedGroups()
    /// There was a connection since the start.
    private(set) var hasOpened = false
    var recipients = Recipients()
    var retained = RetainedMessages()
    /// Sessions that are sent more retained messages at the next poll.
    var retaining: [Session] = []
    /// By client id.
    var delayedWills: [String: DelayedWill] = [:]
    package internal(set) var counters = Counters()
    /// `committed(in:)` of each shard at the last poll.
    private var committed: [Int]
    /// `streamCount(in:)` of each shard when sessions last looked for streams.
    private var streamCounts: [Int]
    /// Shards that refused to read for some session; they are asked again after their next commit.
    var refusing: Set<Int> = []
    private var epochs = 0
    /// The time of the last poll.
    var lastPoll = MonotonicTime(nanoseconds: 0)
    var nextCollection = MonotonicTime(nanoseconds: 0)
    var nextAging = MonotonicTime(nanoseconds: 0)
    private var nextHousekeeping = MonotonicTime(nanoseconds: 0)

    /// - Parameters:
    ///   - authority: asked what clients may do; without one they may do everything.
    ///   - wallClock: milliseconds since the epoch.
    package init(
        store: any DurableStore, limits: SessionLimits = SessionLimits(),
        authority: (any Authority)? = nil,
        wallClock: @escaping () -> UInt64 = wallClockMilliseconds
    ) {
        self.store = store
        self.limits = limits
        self.authority = authority
        self.wallClock = wallClock
        held = Array(repeating: HeldAnswers(), count: store.sessionLane + 1)
        decisions = Decisions(lanes: store.sessionLane + 1)
        committed = Array(repeating: 0, count: store.shards)
        streamCounts = committed
        loadRetained()
    }

    /// A network connection was made; its first packet must be CONNECT.
    /// - Returns: its number, which no other connection will have.
    package func opened(from peer: PeerAddress) -> Int {
        hasOpened = true
        return connections.open(from: peer).number
    }

    /// The network connection ended without DISCONNECT, or after it.
    package func closed(_ number: Int, at now: MonotonicTime, into outbox: inout Outbox) {
        guard let connection = connections.close(number) else { return }
        end(connection, number, at: now, into: &outbox)
    }

    /// One whole packet from `number`.
    /// - Parameters:
    ///   - intended: when the client should have sent it; stored messages carry it to their commit.
    package func receive(
        _ packet: RawSpan, on number: Int, intended: MonotonicTime, at now: MonotonicTime,
        into outbox: inout Outbox
    ) {
        guard let connection = connections[number] else { return }
        answering = now
        connection.lastHeard = now
        do throws(CodecError) {
            let header = try FixedHeader.read(packet, at: 0, limit: limits.packetBytes)
            if connection.session == nil, header.type != .connect {
                // [MQTT-3.1.0-1]
                return drop(number, reason: .protocolError, at: now, into: &outbox)
            }
            switch header.type {
            case .publish:
                try publish(packet, connection, number, intended: intended, at: now, into: &outbox)
            case .puback, .pubrec, .pubrel, .pubcomp:
                try acknowledge(packet, header, connection, number, into: &outbox)
            case .pingreq:
                guard packet.byteCount == 2 else {
                    throw .malformed(rule: .remainingLength, offset: 1)
                }
                outbox.send(to: number) { $0.append(contentsOf: [0xD0, 0x00]) }
            default:
                try control(
                    Packet.read(packet, version: connection.version), connection, number, at: now,
                    into: &outbox)
            }
        } catch {
            counters.malformed += 1
            if connection.session == nil {
                refuseBroken(packet, error, number, at: now, into: &outbox)
            } else {
                drop(
                    number, reason: Reason(error), because: error.sentence, at: now, into: &outbox)
            }
        }
    }

    /// Takes what storage has for connected sessions, and does what is due.
    package func poll(at now: MonotonicTime, into outbox: inout Outbox) {
        lastPoll = now
        takeSettled(at: now, into: &outbox)
        for reply in store.takeReplies() { take(reply, into: &outbox) }
        for shard in committed.indices {
            let count = store.committed(in: shard)
            guard count != committed[shard] else { continue }
            committed[shard] = count
            // Questions wait in storage for what they ask for; only new streams are news here.
            let streams = store.streamCount(in: shard)
            guard streams != streamCounts[shard] || refusing.remove(shard) != nil else {
                continue
            }
            streamCounts[shard] = streams
            for session in sessions.reading { ask(for: session, of: shard) }
            for group in groups.all { ask(for: group, of: shard) }
        }
        continueRetained(into: &outbox)
        if now >= nextHousekeeping {
            nextHousekeeping = now + .milliseconds(100)
            publishDueWills(at: now, into: &outbox)
            dropSilent(at: now, into: &outbox)
            removeExpired(at: now, into: &outbox)
            collect(at: now, into: &outbox)
            removeExpiredRetained()
            commitDueState(at: now)
            commitDueGroups(at: now)
        }
    }

    /// Sessions that are kept, connected or not.
    package var sessionCount: Int { sessions.count }

    /// Network connections that are open, with or without a session.
    package var connectionCount: Int { connections.count }

    /// Answers that wait for storage: 0 unless they are given on commit, or state is committed before it is
    /// promised.
    package var heldAnswers: Int { held.reduce(0) { $0 + $1.count } }

    private func control(
        _ packet: Packet, _ connection: Connection, _ number: Int, at now: MonotonicTime,
        into outbox: inout Outbox
    ) {
        switch packet {
        case .connect(let connect):
            guard connection.session == nil else {  // [MQTT-3.1.0-2]
                return drop(number, reason: .protocolError, at: now, into: &outbox)
            }
            accept(connect, connection, number, at: now, into: &outbox)
        case .subscribe(let subscribe):
            self.subscribe(subscribe, connection, number, into: &outbox)
        case .unsubscribe(let unsubscribe):
            self.unsubscribe(unsubscribe, connection, number, into: &outbox)
        case .disconnect(let disconnect):
            guard changeExpiry(disconnect, of: connection) else {
                return drop(number, reason: .protocolError, at: now, into: &outbox)
            }
            if disconnect.reasonCode == 0 { connection.will = nil }  // [MQTT-3.14.4-3]
            closed(number, at: now, into: &outbox)
            outbox.close(number)
        case .connack, .suback, .unsuback, .pingresp, .auth, .publish, .puback, .pubrec, .pubrel,
            .pubcomp, .pingreq:
            drop(number, reason: .protocolError, at: now, into: &outbox)
        }
    }

    func newEpoch() -> Int {
        epochs += 1
        return epochs
    }
}
