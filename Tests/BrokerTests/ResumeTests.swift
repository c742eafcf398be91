import Broker
import MQTT
import Measure
import Testing

/// What a session keeps between two connections.
@Suite struct ResumeTests {
    private static let all = [Subscription(filter: "#", qos: .exactlyOnce)]

    private func isPresent(_ packets: [Packet]) -> Bool? {
        if case .connack(let connack)? = packets.first { connack.sessionPresent } else { nil }
    }

    /// A session was there or not, and is wanted or not [MQTT-3.2.2-2, MQTT-3.2.2-3].
    @Test(arguments: [ProtocolVersion.v3_1_1, .v5], [false, true])
    func sessionPresentIsSaidRightly(_ version: ProtocolVersion, _ clean: Bool) {
        let stage = Stage()
        let first = stage.connect("c", version: version, clean: clean, expiry: 60)
        #expect(isPresent(stage.take(first)) == false)
        stage.disconnect(first)
        // A clean session ends with its connection before version 5.
        let isKept = version == .v5 || !clean
        let second = stage.connect("c", version: version, clean: false, expiry: 60)
        #expect(isPresent(stage.take(second)) == isKept)
        stage.disconnect(second)
        let third = stage.connect("c", version: version, clean: true, expiry: 60)
        #expect(isPresent(stage.take(third)) == false)
    }

    @Test func offlineMessagesComeInOrderOnResume() {
        let stage = Stage()
        let senders = ["s1", "s2", "s3"].map { ($0, stage.connect($0)) }
        stage.disconnect(stage.subscriber("reader", to: Self.all))
        for number in 0..<300 {
            for (name, sender) in senders {
                stage.publish(
                    "\(name) \(number)", to: "t/\(name)", qos: QoS.allCases[number % 2 + 1],
                    from: sender)
            }
        }
        let reader = stage.connect("reader", clean: false, expiry: 60)
        let got = stage.drain(reader)
        #expect(got.count == 900)
        for (name, _) in senders {
            #expect(
                got.filter { $0.topic == "t/\(name)" }.map(\.text)
                    == (0..<300).map { "\(name) \($0)" })
        }
    }

    /// [MQTT-4.4.0-1], [MQTT-3.3.1-1]
    @Test func whatWasNotAcknowledgedIsRepeated() {
        let stage = Stage(shards: 1)
        let sender = stage.connect("sender")
        let first = stage.subscriber("reader", to: Self.all)
        for number in 0..<4 {
            stage.publish(
                "\(number)", to: "t", qos: number < 2 ? .atLeastOnce : .exactlyOnce, from: sender)
        }
        let sent = stage.messages(first)
        #expect(sent.map(\.text) == ["0", "1", "2", "3"])
        #expect(sent.allSatisfy { !$0.dup })
        #expect(Set(sent.map(\.packetID)).count == 4)
        // One QoS 1 message is acknowledged, and one QoS 2 message has come so far as PUBREC.
        _ = stage.answer(.publish(sent[0]), on: first)
        _ = stage.answer(.publish(sent[2]), on: first)
        stage.cut(first)

        let second = stage.connect("reader", clean: false, expiry: 60)
        let packets = stage.take(second).dropFirst()
        let repeated = packets.compactMap {
            if case .publish(let publish) = $0 { publish } else { nil }
        }
        #expect(repeated.map(\.text) == ["1", "3"])
        #expect(repeated.map(\.packetID) == [sent[1].packetID, sent[3].packetID])
        #expect(repeated.allSatisfy { $0.dup })
        let released = packets.compactMap {
            if case .pubrel(let release) = $0 { release.packetID } else { nil }
        }
        #expect(released == [sent[2].packetID])
        for packet in packets { _ = stage.answer(packet, on: second) }
        #expect(stage.drain(second).isEmpty)
        stage.cut(second)
        #expect(
            stage.drain(stage.connect("reader", clean: false, expiry: 60)).isEmpty, "all is done")
    }

    /// What is not acknowledged is read from storage again before it is repeated (reference 4.3): that load
    /// belongs to a recovery. One batch of each stream, one after the other, and none that is completed.
    ///
    /// Fails if the repetitions are sent without the reads, or before they are done.
    @Test func whatIsRepeatedIsReadAgainFirst() {
        let stage = Stage(shards: 2)
        let sender = stage.connect("sender")
        let first = stage.subscriber("reader", to: Self.all)
        for topic in ["a", "b", "c"] {
            for number in 0..<3 { stage.publish("\(topic)\(number)", to: topic, from: sender) }
        }
        for message in stage.messages(first) where message.topic == "b" {
            _ = stage.answer(.publish(message), on: first)
        }
        // What is still asked after the acknowledgements.
        let more = stage.messages(first)
        for message in more where message.topic == "b" {
            _ = stage.answer(.publish(message), on: first)
        }
        _ = stage.take(first)
        #expect(stage.store.replays == 0)
        stage.cut(first)

        let second = stage.connect("reader", clean: false, expiry: 60)
        #expect(stage.store.replays == 1, "one after the other")
        stage.poll()
        #expect(stage.received(by: second).count == 1, "CONNACK and nothing yet")
        let repeated = stage.messages(second)
        #expect(stage.store.replays == 2)
        #expect(repeated.allSatisfy { $0.dup || $0.topic == "b" })
        #expect(Set(repeated.filter(\.dup).map(\.topic)) == ["a", "c"])
        for message in repeated { _ = stage.answer(.publish(message), on: second) }
        _ = stage.drain(second)
        stage.cut(second)
        #expect(stage.drain(stage.connect("reader", clean: false, expiry: 60)).isEmpty)
        #expect(stage.store.replays == 2, "all is done")
    }

    /// [MQTT-3.3.4-9], also for repetitions to a client that now takes fewer.
    @Test func receiveMaximumIsKept() {
        let stage = Stage(shards: 1)
        let sender = stage.connect("sender")
        let first = stage.subscriber("reader", to: Self.all, receiveMaximum: 5)
        for number in 0..<20 { stage.publish("\(number)", to: "t", from: sender) }
        #expect(stage.messages(first).map(\.text) == (0..<5).map { "\($0)" })
        stage.cut(first)
        let second = stage.connect("reader", clean: false, expiry: 60, receiveMaximum: 2)
        var got: [String] = []
        while true {
            let messages = stage.messages(second)
            #expect(messages.count <= 2)
            guard let message = messages.first else { break }
            got += messages.map(\.text)
            for message in messages { _ = stage.answer(.publish(message), on: second) }
            #expect(message.dup == (Int(message.text).map { $0 < 5 }))
        }
        #expect(got == (0..<20).map { "\($0)" })
    }

    @Test func aSessionWithoutExpiryIsForgotten() {
        let stage = Stage()
        let first = stage.subscriber("reader", to: Self.all, expiry: 0)
        #expect(stage.sessions.sessionCount == 1)
        stage.cut(first)
        #expect(stage.sessions.sessionCount == 0)
        let sender = stage.connect("sender")
        stage.publish("x", to: "t", from: sender)
        #expect(stage.store.stored == 0)
    }

    @Test func aSessionExpiresAfterItsInterval() {
        let stage = Stage()
        let sender = stage.connect("sender")
        let reader = stage.subscriber("reader", to: Self.all, expiry: 10)
        stage.pass(.seconds(100))
        #expect(stage.sessions.sessionCount == 2, "not while it is connected")
        stage.cut(reader)
        stage.pass(.seconds(9.9))
        #expect(stage.sessions.sessionCount == 2)
        stage.cut(stage.connect("reader", clean: false, expiry: 10))
        stage.pass(.seconds(9.9))
        #expect(stage.sessions.sessionCount == 2, "the interval begins again")
        stage.pass(.seconds(0.2))
        #expect(stage.sessions.sessionCount == 1)
        stage.publish("x", to: "t", from: sender)
        #expect(stage.store.stored == 0)
    }

    /// DISCONNECT may change the interval, but not from zero [MQTT-3.14.2.2.2].
    @Test(arguments: [
        (before: UInt32(60), after: UInt32(0), kept: false), (60, 5, true), (0, 60, false),
    ])
    func disconnectChangesTheExpiry(_ change: (before: UInt32, after: UInt32, kept: Bool)) {
        let stage = Stage()
        let reader = stage.subscriber("reader", to: Self.all, expiry: change.before)
        stage.disconnect(reader, properties: [.sessionExpiryInterval(change.after)])
        #expect(stage.sessions.sessionCount == (change.kept ? 1 : 0))
        stage.pass(.seconds(6))
        #expect(stage.sessions.sessionCount == 0)
    }

    /// A durable session that is resumed with interval zero lives on until that connection ends.
    @Test func aResumedSessionMayEndWithItsConnection() {
        let stage = Stage()
        let sender = stage.connect("sender")
        stage.cut(stage.subscriber("reader", to: Self.all))
        stage.publish("1", to: "t", from: sender)
        let reader = stage.connect("reader", clean: false, expiry: 0)
        stage.publish("2", to: "t", from: sender)
        #expect(stage.drain(reader).map(\.text) == ["1", "2"])
        stage.cut(reader)
        #expect(stage.sessions.sessionCount == 1)
        stage.publish("3", to: "t", from: sender)
        #expect(stage.store.stored == 2, "nobody subscribes any more")
    }

    /// [MQTT-3.1.4-3]
    @Test func aTakeoverEndsTheOldConnection() {
        let stage = Stage(shards: 1)
        let sender = stage.connect("sender")
        let old = stage.subscriber("reader", to: Self.all)
        stage.publish("1", to: "t", from: sender)
        let sent = stage.messages(old)
        let new = stage.connect("reader", clean: false, expiry: 60)
        #expect(stage.closed == [old])
        #expect(stage.take(old) == [.disconnect(Disconnect(reasonCode: 0x8E))])
        // Late packets and the late end of the old connection concern nobody.
        _ = stage.answer(.publish(sent[0]), on: old)
        stage.cut(old)
        let repeated = stage.drain(new)
        #expect(repeated.map(\.text) == ["1"])
        #expect(repeated.map(\.packetID) == sent.map(\.packetID))
        stage.publish("2", to: "t", from: sender)
        #expect(stage.drain(new).map(\.text) == ["2"])
    }
}
