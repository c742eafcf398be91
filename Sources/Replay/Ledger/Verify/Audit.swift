internal import MQTT
internal import Measure

/// One reading of the ledger that judges the messages on some of its topics. Whoever is connected and subscribed to
/// what is followed for all of them.
final class Audit {
    let promise: Promise
    let options: Verifier.Options
    /// The numbers of the topics that are judged.
    private let judged: Range<Int>

    var found: Verification
    var clients: [AuditedClient] = []
    var topics: [AuditedTopic] = []
    /// The topics by name, and what was asked for.
    var index = TopicIndex<Int>()
    var filters = FilterIndex<AuditedClient.Claim>()
    var table: MessageTable

    /// Kills so far, and since when the broker is down.
    var epoch: UInt8 = 0
    var down: MonotonicTime?
    /// The last kill and the start that followed it.
    var killed: MonotonicTime?, restarted: MonotonicTime?
    /// Wills that wait for their delay, by client.
    var waitingWills: [Int: WaitingWill] = [:]
    /// When the first of them is due.
    var nextWill: MonotonicTime?
    /// Wills that must not come any more, as topic and content.
    var calledOff: Set<[UInt64]> = []
    /// Missing messages of each client in these topics.
    var missing: [Int: Int] = [:]
    var now = MonotonicTime(nanoseconds: 0)

    static let exampleLimit = 10

    struct WaitingWill {
        let will: Will
        let due: MonotonicTime
        /// After a kill some brokers publish it and others have forgotten it.
        var level = Lane.Debt.Level.must
    }

    /// - Parameter messages: on the topics that are judged.
    init(
        judging topics: Range<Int>, messages: Int, _ promise: Promise,
        _ options: Verifier.Options
    ) {
        judged = topics
        table = MessageTable(for: messages)
        (self.promise, self.options) = (promise, options)
        found = Verification(promise)
    }

    func take(_ record: LedgerRecord) {
        switch record {
        case .client(let name): clients.append(AuditedClient(clients.count, name))
        case .topic(let name): add(topic: name)
        case .publish(let sighting):
            pass(to: sighting.time)
            publish(sighting)
        case .delivery(let sighting):
            pass(to: sighting.time)
            deliver(sighting)
        case .answer(let answer):
            pass(to: answer.time)
            take(answer)
        case .control(let control):
            pass(to: control.time)
            take(control)
        case .closed(let client, _, let time):
            pass(to: time)
            closed(clients[client])
        case .mark(let mark, let time):
            pass(to: time)
            take(mark, at: time)
        }
    }

    private func pass(to time: MonotonicTime) {
        now = max(now, time)
        if let nextWill, nextWill <= time { fireDueWills() }
    }

    private func add(topic name: [UInt8]) {
        let number = topics.count
        let topic = AuditedTopic(number, name, isJudged: judged.contains(number))
        filters.forEachMatch(name.span.bytes) { topic.claims.append($0) }
        index.insert(number, for: name.span.bytes)
        topics.append(topic)
    }

    private func take(_ mark: LedgerRecord.Mark, at time: MonotonicTime) {
        switch mark {
        case .killed:
            if epoch < .max { epoch += 1 }
            (down, killed, restarted) = (time, time, nil)
            var crash = found.crash ?? Verification.Crash()
            crash.kills += 1
            (crash.untilAccepting, crash.untilFirstQueued) = (nil, nil)
            found.crash = crash
            // No packet has told that the broker knows of them.
            for number in waitingWills.keys { waitingWills[number]?.level = .may }
            forgetLatestSessions(before: time)
        case .restarted: restarted = time
        case .accepting:
            down = nil
            if let restarted { found.crash?.untilAccepting = time - restarted }
        case .settled:
            for client in clients where client.connected != nil {
                judge(client, isEnd: false)
            }
        case .end: break
        }
    }

    /// Of what sessions did just before a kill, the broker may have forgotten some.
    private func forgetLatestSessions(before kill: MonotonicTime) {
        guard promise.sessionLoss > .zero else { return }
        for client in clients where client.hasSession {
            if client.since + promise.sessionLoss > kill { client.mayBeForgotten = true }
            for claim in client.claims.values {
                guard let granted = claim.granted, granted + promise.sessionLoss > kill else {
                    continue
                }
                claim.granted = nil
                client.excuse()
            }
        }
    }

    func example(_ text: @autoclosure () -> String) {
        if found.examples.count < Self.exampleLimit { found.examples.append(text()) }
    }
}
