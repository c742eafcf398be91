import MQTT
import Measure
import Replay
import Testing
import Traffic

/// What a client keeps from one connection to the next.
@Suite struct ClientSessionTests {
    /// [MQTT-4.4.0-1]: in order, with the same identifiers, and DUP; a message whose PUBREC has come goes on with PUBREL.
    @Test func whatWasNotAnsweredIsSentAgainWhenTheSessionIsTakenUp() throws {
        let broker = ScriptedBroker()
        broker.ignores = [.publish, .pubrel]
        broker.onPacket = { broker, connection, packet in
            guard case .publish(let publish) = packet, publish.payload == Array("three".utf8),
                !publish.dup, let id = publish.packetID
            else { return }
            broker.tell(.pubrec(Acknowledgement(packetID: id)), on: connection)
        }
        var script = Script()
        script.connect("a", clean: false)
        script.publish("a", "t", qos: .atLeastOnce, payload: "one")
        script.publish("a", "t", qos: .exactlyOnce, payload: "two")
        script.publish("a", "t", qos: .exactlyOnce, payload: "three")
        script.after(5)
        script.end("a", .reset)
        script.after(5)
        script.connect("a", clean: false)
        script.publish("a", "t", payload: "four")
        let replayer = try script.replay(over: broker)

        let sent = broker.publishesReceived
        #expect(
            sent.map { String(decoding: $0.payload, as: UTF8.self) } == [
                "one", "two", "three", "one", "two", "four",
            ])
        #expect(sent.map(\.dup) == [false, false, false, true, true, false])
        #expect(sent[0].packetID == sent[3].packetID)
        #expect(sent[1].packetID == sent[4].packetID)
        // Once for its PUBREC, once when the session was taken up.
        let released = broker.received(.pubrel).map {
            if case .pubrel(let release) = $0 { release.packetID } else { PacketID(1)! }
        }
        #expect(released == [sent[2].packetID, sent[2].packetID])
        #expect(replayer.recorder.resent == 2)
        #expect(replayer.recorder.sent.total == 4)
        #expect(replayer.recorder.abandoned == 0)
        #expect(replayer.unanswered == 3)
        #expect(replayer.awaitsAnswers)
    }

    /// Fails if the end of a replay waits for answers to a client that has left for good.
    @Test func whoHasLeftWaitsForNothing() throws {
        let broker = ScriptedBroker()
        broker.ignores = [.publish]
        var script = Script()
        script.connect("a", clean: false)
        script.publish("a", "t")
        script.end("a", .fin)
        let replayer = try script.replay(over: broker)
        #expect(replayer.unanswered == 1)
        #expect(!replayer.awaitsAnswers)
    }

    @Test(arguments: [true, false]) func aLostSessionIsForgotten(byClient: Bool) throws {
        let broker = ScriptedBroker()
        broker.ignores = [.publish]
        broker.forgetsSessions = !byClient
        var script = Script()
        script.connect("a", clean: false)
        script.publish("a", "t")
        script.publish("a", "t", qos: .exactlyOnce)
        script.end("a", .fin)
        script.after(2)
        script.connect("a", clean: byClient)
        let replayer = try script.replay(over: broker)
        #expect(broker.publishesReceived.count == 2)
        #expect(replayer.recorder.abandoned == 2)
        #expect(replayer.unanswered == 0)
    }

    /// In version 5 the expiry says whether a session lasts, and not the clean start.
    @Test(arguments: [0, 60]) func theExpiryDecidesInVersion5(_ seconds: UInt32) throws {
        let broker = ScriptedBroker()
        broker.ignores = [.publish]
        var script = Script()
        script.connect("a", .v5, clean: true, properties: [.sessionExpiryInterval(seconds)])
        script.publish("a", "t")
        script.end("a", .fin)
        script.after(2)
        script.connect("a", .v5, clean: false, properties: [.sessionExpiryInterval(seconds)])
        let replayer = try script.replay(over: broker)
        #expect(replayer.recorder.resent == (seconds == 0 ? 0 : 1))
        #expect(replayer.recorder.abandoned == (seconds == 0 ? 1 : 0))
    }

    /// A client that comes back while it is still there takes its session over; the older connection is not closed
    /// before, which would publish a will that was never sent.
    @Test func aTakeoverLeavesTheOlderConnectionToTheBroker() throws {
        let broker = ScriptedBroker()
        var closedBeforeConnect = true
        broker.onPacket = { broker, connection, packet in
            if case .connect = packet, connection == 2 {
                closedBeforeConnect = !broker.closed.isEmpty
            }
        }
        var script = Script()
        script.connect("a", clean: false)
        script.after(2)
        script.connect("a", clean: false)
        script.publish("a", "t")
        _ = try script.replay(over: broker)
        #expect(!closedBeforeConnect)
        #expect(broker.closed == [1])
        #expect(broker.publishesReceived.count == 1)
    }

    /// What its client repeated in the recording is a repetition only if this broker has not answered either.
    @Test(arguments: [true, false]) func aRecordedRepetitionIsWhatItIsHere(answered: Bool) throws {
        let broker = ScriptedBroker()
        if !answered { broker.ignores = [.publish] }
        var script = Script()
        script.connect("a", clean: false)
        script.publish("a", "t", recordedID: 7)
        script.end("a", .reset)
        script.after(2)
        script.connect("a", clean: false)
        script.after(2)
        script.publish("a", "t", dup: true, recordedID: 7)
        let replayer = try script.replay(over: broker)
        #expect(broker.publishesReceived.map(\.dup) == [false, !answered])
        // Both were on the wire in the recording, and both are here.
        #expect(replayer.recorder.sent.total == 2)
        #expect(replayer.recorder.resent == 0)
    }
}
