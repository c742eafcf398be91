import Broker
import MQTT
import Measure
import Storage
import Testing

/// When the state of durable sessions is handed to its tables, and what of it (reference 4.1).
@Suite struct SessionStateTests {
    private static let filters = [Subscription(filter: "a/#", qos: .exactlyOnce)]

    /// What was handed over since the last look.
    private struct Watch {
        let stage: Stage
        var seen = 0

        mutating func next() -> [SessionChanges] {
            let all = stage.store.changes
            defer { seen = all.count }
            return Array(all[seen...])
        }
    }

    /// Checklist 16. Fails if state is committed sooner or more often, or if what did not change is written.
    @Test func stateIsCommittedAtMostEveryFiveSeconds() {
        let stage = Stage()
        var watch = Watch(stage: stage)
        let reader = stage.connect("reader", clean: false, expiry: 3_600)
        stage.pass(.milliseconds(99))
        #expect(watch.next().isEmpty)
        stage.pass(.milliseconds(110))
        let first = watch.next()
        #expect(first.map(\.client) == ["reader"])
        #expect(first.first.map { Array($0.rows.keys) } == [.metadata])

        stage.send(
            .subscribe(Subscribe(packetID: stage.id(), subscriptions: Self.filters)), on: reader)
        let subscribed = watch.next()
        #expect(
            subscribed.map { Set($0.rows.keys) } == [
                [.metadata, .subscription("a/#"), .subscriptionState(1)]
            ])

        // Eleven seconds of traffic, ten messages a second.
        let sender = stage.connect("sender")
        var commits: [SessionChanges] = []
        for number in 0..<110 {
            stage.publish("\(number)", to: "a/\(number % 3)", from: sender)
            #expect(stage.drain(reader).count == 1)
            stage.pass(.milliseconds(100))
            commits += watch.next()
        }
        #expect(commits.count == 2)
        for commit in commits {
            let tables = Dictionary(grouping: commit.rows.keys, by: \.table).mapValues(\.count)
            #expect(tables == [.metadata: 1, .streams: 3, .seqnos: 3])
            #expect(commit.deleted.isEmpty)
        }
        // What is dirty is committed once more; then there is nothing to commit.
        stage.pass(.seconds(6))
        stage.pass(.seconds(6))
        #expect(watch.next().count == 1)
        stage.pass(.seconds(60))
        #expect(watch.next().isEmpty)
        let rows = stage.store.sessionRows(of: "reader")
        for seqno in [Seqno.nextQoS1, .sentQoS1, .committedQoS1] {
            #expect(rows[.seqno(seqno)] == .seqno(110))
        }
    }

    /// Checklist 17. Fails if PUBACK, PUBREC or PUBCOMP hands anything over, or waits for anything.
    @Test(arguments: [QoS.atLeastOnce, .exactlyOnce])
    func aSubscribersAcknowledgementWritesNothing(_ qos: QoS) {
        let stage = Stage()
        let reader = stage.subscriber("reader", to: Self.filters)
        let sender = stage.connect("sender")
        for number in 0..<20 { stage.publish("\(number)", to: "a/b", qos: qos, from: sender) }
        stage.pass(.seconds(6))
        stage.pass(.seconds(6))
        let before = stage.store.changes.count
        #expect(stage.drain(reader).count == 20)
        #expect(stage.store.changes.count == before)
        #expect(stage.sessions.heldAnswers == 0)
    }

    /// Also where state is committed before it is promised: PUBACK makes no promise.
    ///
    /// Checklist 17. Fails if PUBACK is answered by a commit.
    @Test func pubackWritesNothingWhereStateIsPromised() {
        let stage = Stage(sessionCommits: .beforePromise)
        let reader = stage.subscriber("reader", to: Self.filters)
        let sender = stage.connect("sender")
        for number in 0..<20 { stage.publish("\(number)", to: "a/b", from: sender) }
        let messages = stage.messages(reader)
        #expect(messages.count == 20)
        let before = stage.store.changes.count
        for message in messages { _ = stage.answer(.publish(message), on: reader) }
        #expect(stage.store.changes.count == before)
    }

    @Test func comingAndGoingIsCommitted() {
        let stage = Stage()
        var watch = Watch(stage: stage)
        let reader = stage.subscriber("reader", to: Self.filters)
        stage.pass(.seconds(6))
        _ = watch.next()
        stage.send(.unsubscribe(Unsubscribe(packetID: stage.id(), filters: ["a/#"])), on: reader)
        let unsubscribed = watch.next()
        #expect(
            unsubscribed.map { Set($0.deleted) } == [
                [.subscription("a/#"), .subscriptionState(1)]
            ])
        stage.disconnect(reader)
        let gone = watch.next()
        guard case .metadata(let metadata)? = gone.first?.rows[.metadata] else {
            Issue.record("no metadata")
            return
        }
        #expect(gone.count == 1)
        #expect(!metadata.isConnected && metadata.expiry == 3_600 && metadata.version == 5)
        #expect(!stage.store.sessionRows(of: "reader").isEmpty)
        stage.pass(.seconds(3_700))
        #expect(watch.next().map(\.isEnd) == [true])
        #expect(stage.store.sessionRows(of: "reader").isEmpty)
    }

    @Test func aSessionThatEndsWithItsConnectionLeavesNothing() {
        let stage = Stage()
        let reader = stage.connect("reader", clean: true)
        stage.send(
            .subscribe(Subscribe(packetID: stage.id(), subscriptions: Self.filters)), on: reader)
        let sender = stage.connect("sender")
        stage.publish("1", to: "a/b", qos: .exactlyOnce, from: sender)
        #expect(stage.drain(reader).count == 1)
        stage.pass(.seconds(10))
        stage.disconnect(reader)
        #expect(stage.store.changes.isEmpty)
    }

    /// The publisher's half of QoS 2 is state too; what is over within the interval leaves no row.
    @Test func receivedIdentifiersAreAmongTheState() {
        let stage = Stage()
        let sender = stage.connect("sender", clean: false, expiry: 60)
        for id in 1...3 as ClosedRange<UInt16> {
            stage.send(
                .publish(Publish(qos: .exactlyOnce, topic: "a", packetID: PacketID(id))), on: sender
            )
        }
        stage.send(.pubrel(Acknowledgement(packetID: PacketID(1)!)), on: sender)
        stage.pass(.seconds(6))
        let rows = stage.store.sessionRows(of: "sender")
        #expect(rows[.awaitingRelease(1)] == nil)
        #expect(rows[.awaitingRelease(2)] != nil && rows[.awaitingRelease(3)] != nil)
        stage.send(.pubrel(Acknowledgement(packetID: PacketID(2)!)), on: sender)
        stage.pass(.seconds(6))
        stage.pass(.seconds(6))
        #expect(stage.store.sessionRows(of: "sender")[.awaitingRelease(2)] == nil)
    }
}
