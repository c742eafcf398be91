import Broker
import MQTT
import Measure
import Storage
import Testing

/// When a publisher is told that its message was accepted.
@Suite struct AcknowledgementTests {
    private static func stage(
        _ acknowledgement: Durability.Acknowledgement = .onCommit,
        _ commits: EngineModel.SessionCommits = .every(.seconds(5))
    ) -> Stage {
        let stage = Stage(acknowledgement: acknowledgement, sessionCommits: commits)
        _ = stage.subscriber("reader", to: [Subscription(filter: "stored/#", qos: .exactlyOnce)])
        return stage
    }

    private static func sender(
        _ stage: Stage, version: ProtocolVersion = .v5, clean: Bool = true
    ) -> Int {
        let sender = stage.connect("sender", version: version, clean: clean, expiry: 60)
        _ = stage.take(sender)
        return sender
    }

    private static func publish(
        _ id: UInt16, _ qos: QoS, to topic: String = "stored/1", dup: Bool = false,
        on connection: Int, of stage: Stage
    ) {
        stage.send(
            .publish(
                Publish(
                    dup: dup, qos: qos, topic: topic, packetID: PacketID(id), payload: [1])),
            on: connection)
    }

    /// "PUBACK 3", "PUBREC 4 0x83"
    private static func answers(_ packets: [Packet]) -> [String] {
        func text(_ name: String, _ answer: Acknowledgement) -> String {
            "\(name) \(answer.packetID.rawValue)"
                + (answer.reasonCode == 0 ? "" : " 0x" + String(answer.reasonCode, radix: 16))
        }
        return packets.map {
            switch $0 {
            case .puback(let answer): text("PUBACK", answer)
            case .pubrec(let answer): text("PUBREC", answer)
            case .pubrel(let answer): text("PUBREL", answer)
            case .pubcomp(let answer): text("PUBCOMP", answer)
            case .publish(let publish):
                "PUBLISH \(publish.packetID?.rawValue ?? 0)" + (publish.dup ? " DUP" : "")
            default: "other"
            }
        }
    }

    /// EMQX answers as soon as the message is in the buffer, whatever becomes of it (reference 3.1).
    ///
    /// Checklist 8. Fails if an answer waits for the commit, or if publishers are held back.
    @Test func onEnqueueTheAnswerComesBeforeTheCommit() {
        let stage = Self.stage(.onEnqueue)
        let sender = Self.sender(stage)
        for number in 1...300 as ClosedRange<UInt16> {
            Self.publish(number, .atLeastOnce, on: sender, of: stage)
        }
        Self.publish(301, .exactlyOnce, on: sender, of: stage)
        #expect(stage.takeAsIs(sender).count == 301)
        #expect(stage.sessions.heldAnswers == 0)
        #expect(stage.store.stored == 301)
    }

    /// Fails if an answer leaves before the commit, or out of order.
    @Test func onCommitTheAnswerWaitsForTheCommit() {
        let stage = Self.stage()
        let sender = Self.sender(stage)
        var expected: [String] = []
        for number in 1...200 as ClosedRange<UInt16> {
            let qos = number % 4 == 0 ? QoS.exactlyOnce : .atLeastOnce
            Self.publish(number, qos, to: "stored/\(number % 7)", on: sender, of: stage)
            expected.append("\(qos == .exactlyOnce ? "PUBREC" : "PUBACK") \(number)")
            if number % 50 == 0 {
                stage.poll()
                #expect(stage.takeAsIs(sender).isEmpty)
                #expect(stage.sessions.heldAnswers == 50)
                stage.store.commit()
                stage.poll()
                #expect(Self.answers(stage.takeAsIs(sender)) == expected)
                expected = []
            }
        }
        #expect(stage.sessions.heldAnswers == 0)
        #expect(stage.sessions.counters.acknowledged == 200)
    }

    /// What nobody stores waits for nothing, except behind an answer of the same connection.
    @Test func whatIsNotStoredIsAnsweredAtOnce() {
        let stage = Self.stage()
        let sender = Self.sender(stage)
        Self.publish(1, .atLeastOnce, to: "other", on: sender, of: stage)
        #expect(Self.answers(stage.takeAsIs(sender)) == ["PUBACK 1 0x10"])
        Self.publish(2, .atLeastOnce, on: sender, of: stage)
        Self.publish(3, .atLeastOnce, to: "other", on: sender, of: stage)
        #expect(stage.takeAsIs(sender).isEmpty)
        let second = stage.connect("second")
        _ = stage.takeAsIs(second)
        Self.publish(4, .atLeastOnce, to: "other", on: second, of: stage)
        #expect(Self.answers(stage.takeAsIs(second)) == ["PUBACK 4 0x10"])
        // It was not stored, so it cannot be lost.
        stage.store.lose()
        #expect(Self.answers(stage.take(sender)) == ["PUBACK 2 0x83", "PUBACK 3 0x10"])
    }

    /// Fails if what was lost is acknowledged as if it were not.
    @Test(arguments: [(Refusal.other, "0x83"), (.noSpace, "0x97")])
    func aLostMessageIsNotAcknowledged(_ refusal: Refusal, _ code: String) {
        let stage = Self.stage()
        let sender = Self.sender(stage)
        Self.publish(1, .atLeastOnce, on: sender, of: stage)
        Self.publish(2, .exactlyOnce, on: sender, of: stage)
        stage.store.lose(refusal)
        #expect(Self.answers(stage.take(sender)) == ["PUBACK 1 \(code)", "PUBREC 2 \(code)"])
        #expect(stage.sessions.counters.acknowledged == 0)
        #expect(stage.sessions.counters.refused == 2)
        // Its identifier is free, and what comes under it is a new message.
        Self.publish(2, .exactlyOnce, on: sender, of: stage)
        #expect(stage.store.stored == 3)
        #expect(Self.answers(stage.take(sender)) == ["PUBREC 2"])
    }

    /// MQTT 3.1.1 knows no negative answer.
    @Test(arguments: [QoS.atLeastOnce, .exactlyOnce])
    func anOlderClientLosesItsConnection(_ qos: QoS) {
        let stage = Self.stage()
        let sender = Self.sender(stage, version: .v3_1_1, clean: false)
        Self.publish(1, qos, on: sender, of: stage)
        Self.publish(2, qos, on: sender, of: stage)
        stage.store.lose()
        stage.poll()
        #expect(stage.closed == [sender])
        #expect(stage.takeAsIs(sender).isEmpty)
        let again = Self.sender(stage, version: .v3_1_1, clean: false)
        Self.publish(1, qos, dup: true, on: again, of: stage)
        #expect(stage.store.stored == 3, "it is stored now")
        #expect(stage.take(again).count == 1)
    }

    @Test func anAnswerToAConnectionThatIsGoneIsDropped() {
        let stage = Self.stage()
        let sender = Self.sender(stage)
        Self.publish(1, .atLeastOnce, on: sender, of: stage)
        stage.cut(sender)
        let next = Self.sender(stage, clean: false)
        Self.publish(9, .atLeastOnce, on: next, of: stage)
        #expect(Self.answers(stage.take(next)) == ["PUBACK 9"])
        #expect(stage.takeAsIs(sender).isEmpty)
        #expect(stage.sessions.heldAnswers == 0)
    }

    /// Fails if a PUBLISH that comes again before the commit is stored twice, or answered twice or not at all.
    @Test func aRepeatedPublishIsAnsweredOnceWhenItIsDecided() {
        let stage = Self.stage()
        let sender = Self.sender(stage)
        Self.publish(1, .exactlyOnce, on: sender, of: stage)
        Self.publish(1, .exactlyOnce, dup: true, on: sender, of: stage)
        stage.send(.pubrel(Acknowledgement(packetID: PacketID(1)!)), on: sender)
        #expect(Self.answers(stage.takeAsIs(sender)) == ["PUBCOMP 1 0x92"], "not received yet")
        stage.cut(sender)
        let next = Self.sender2(stage)
        Self.publish(1, .exactlyOnce, dup: true, on: next, of: stage)
        #expect(stage.takeAsIs(next).isEmpty)
        #expect(Self.answers(stage.take(next)) == ["PUBREC 1"])
        #expect(stage.store.stored == 1)
        Self.publish(1, .exactlyOnce, dup: true, on: next, of: stage)
        #expect(Self.answers(stage.takeAsIs(next)) == ["PUBREC 1"])
        stage.send(.pubrel(Acknowledgement(packetID: PacketID(1)!)), on: next)
        #expect(Self.answers(stage.takeAsIs(next)) == ["PUBCOMP 1"])
    }

    /// Connects again without letting storage work.
    private static func sender2(_ stage: Stage) -> Int {
        let sender = stage.connect("sender", clean: false, expiry: 60)
        _ = stage.takeAsIs(sender)
        return sender
    }

    // With state committed before it is promised.

    /// PUBREC promises that the message is known if it comes again, PUBCOMP that its identifier is free.
    @Test func receivedIdentifiersAreCommittedBeforeTheyArePromised() {
        let stage = Self.stage(.onEnqueue, .beforePromise)
        let sender = Self.sender(stage)
        Self.publish(7, .exactlyOnce, on: sender, of: stage)
        Self.publish(8, .atLeastOnce, to: "other", on: sender, of: stage)
        stage.store.commit()
        stage.poll()
        #expect(Self.answers(stage.takeAsIs(sender)) == ["PUBACK 8 0x10"])
        Self.publish(7, .exactlyOnce, dup: true, on: sender, of: stage)
        #expect(stage.takeAsIs(sender).isEmpty)
        stage.store.commitState()
        stage.poll()
        #expect(Self.answers(stage.takeAsIs(sender)) == ["PUBREC 7"])
        #expect(stage.store.sessionRows(of: "sender")[.awaitingRelease(7)] != nil)
        stage.send(.pubrel(Acknowledgement(packetID: PacketID(7)!)), on: sender)
        stage.poll()
        #expect(stage.takeAsIs(sender).isEmpty)
        stage.store.commitState()
        stage.poll()
        #expect(Self.answers(stage.takeAsIs(sender)) == ["PUBCOMP 7"])
        #expect(stage.store.sessionRows(of: "sender")[.awaitingRelease(7)] == nil)
        #expect(stage.store.stored == 1)
    }

    private func awaited(_ store: SteppedStore) throws -> [String] {
        var found: [String] = []
        try store.forEachAwaitedRelease { client, id in found.append("\(client) \(id.rawValue)") }
        return found
    }

    /// Where a message waits for its commit anyway, its identifier is committed with it: a kill finds both or
    /// neither. Fails if PUBCOMP comes while storage still knows the identifier, or PUBREC before it does.
    @Test func anIdentifierIsCommittedWithItsMessage() throws {
        let stage = Self.stage(.onCommit, .beforePromise)
        let sender = Self.sender(stage)
        Self.publish(7, .exactlyOnce, on: sender, of: stage)
        stage.poll()
        #expect(try awaited(stage.store).isEmpty && stage.takeAsIs(sender).isEmpty)
        stage.store.commit()
        stage.poll()
        #expect(Self.answers(stage.takeAsIs(sender)) == ["PUBREC 7"])
        #expect(try awaited(stage.store) == ["sender 7"])
        #expect(stage.store.sessionRows(of: "sender")[.awaitingRelease(7)] == nil)
        Self.publish(7, .exactlyOnce, dup: true, on: sender, of: stage)
        #expect(Self.answers(stage.takeAsIs(sender)) == ["PUBREC 7"])
        stage.send(.pubrel(Acknowledgement(packetID: PacketID(7)!)), on: sender)
        stage.poll()
        #expect(stage.takeAsIs(sender).isEmpty)
        stage.store.commit()
        stage.poll()
        #expect(Self.answers(stage.takeAsIs(sender)) == ["PUBCOMP 7"])
        #expect(try awaited(stage.store).isEmpty)
        #expect(stage.store.stored == 1)
    }

    /// Fails if the identifier counts as free although storage still knows it: the next message under it might be
    /// taken for this one.
    @Test func anIdentifierThatCannotBeFreedIsAskedForAgain() throws {
        let stage = Self.stage(.onCommit, .beforePromise)
        let sender = Self.sender(stage)
        Self.publish(7, .exactlyOnce, on: sender, of: stage)
        stage.store.commit()
        stage.poll()
        _ = stage.takeAsIs(sender)
        stage.send(.pubrel(Acknowledgement(packetID: PacketID(7)!)), on: sender)
        stage.store.lose(.noSpace)
        stage.poll()
        #expect(!Self.answers(stage.takeAsIs(sender)).contains("PUBCOMP 7"))
        let again = stage.connect("sender", clean: false, expiry: 60)
        _ = stage.takeAsIs(again)
        stage.send(.pubrel(Acknowledgement(packetID: PacketID(7)!)), on: again)
        stage.store.commit()
        stage.poll()
        #expect(Self.answers(stage.takeAsIs(again)) == ["PUBCOMP 7"])
        #expect(try awaited(stage.store).isEmpty)
    }

    /// A new start forgets what the old session had received, in storage too.
    @Test func theEndOfASessionFreesItsIdentifiers() throws {
        let stage = Self.stage(.onCommit, .beforePromise)
        let sender = Self.sender(stage)
        Self.publish(7, .exactlyOnce, on: sender, of: stage)
        stage.store.commit()
        stage.poll()
        stage.cut(sender)
        _ = stage.connect("sender", clean: true)
        stage.store.commit()
        #expect(try awaited(stage.store).isEmpty)
    }

    @Test func stateThatIsLostIsNotPromised() {
        let stage = Self.stage(.onCommit, .beforePromise)
        let sender = Self.sender(stage)
        Self.publish(7, .exactlyOnce, on: sender, of: stage)
        stage.store.lose(.noSpace)
        stage.poll()
        #expect(Self.answers(stage.takeAsIs(sender)) == ["PUBREC 7 0x97"])
    }

    /// A delivery at QoS 2: its identifier before PUBLISH, that it was received before PUBREL.
    @Test func deliveriesAreCommittedBeforeTheyArePromised() {
        let stage = Stage(acknowledgement: .onCommit, sessionCommits: .beforePromise)
        let reader = stage.subscriber("reader", to: [Subscription(filter: "#", qos: .exactlyOnce)])
        let sender = stage.connect("sender")
        stage.publish("1", to: "a", qos: .exactlyOnce, from: sender)
        func step(_ what: String, _ packets: [String]) {
            stage.poll()
            #expect(stage.takeAsIs(reader).isEmpty, "\(what) is not committed")
            stage.store.commitState()
            stage.poll()
            #expect(Self.answers(stage.takeAsIs(reader)) == packets)
        }
        stage.store.commit()
        stage.poll()
        stage.store.answer()
        step("the identifier", ["PUBLISH \(0x4000)"])
        let rows = stage.store.sessionRows(of: "reader")
        #expect(rows[.seqno(.sentQoS2)] == .seqno(1))
        #expect(rows.keys.contains { if case .stream = $0 { true } else { false } })
        stage.send(.pubrec(Acknowledgement(packetID: PacketID(0x4000)!)), on: reader)
        step("the receipt", ["PUBREL \(0x4000)"])
        #expect(stage.store.sessionRows(of: "reader")[.seqno(.received)] == .seqno(1))
    }
}
