import Broker
import MQTT
import Measure
import Storage
import Testing

/// What a broker that was killed and started again knows of its sessions. The store is the model, and the second
/// broker is given nothing else.
@Suite struct RestoreTests {
    private static let filters = [Subscription(filter: "a/#", qos: .exactlyOnce)]
    private static let modes: [EngineModel.SessionCommits] = [.every(.seconds(5)), .beforePromise]

    /// A broker on what the first one has committed, `seconds` later.
    private func restarted(_ stage: Stage, after seconds: UInt64 = 1) throws -> Stage {
        stage.settle()
        let next = Stage(on: stage.store)
        next.clock.milliseconds = stage.clock.milliseconds + seconds * 1_000
        try next.sessions.restore(at: next.now)
        return next
    }

    private func ids(_ packets: [Packet]) -> [String] {
        packets.compactMap { packet in
            switch packet {
            case .publish(let publish):
                "publish \(publish.text) \(publish.packetID?.rawValue ?? 0)\(publish.dup ? " dup" : "")"
            case .pubrel(let release): "pubrel \(release.packetID.rawValue)"
            default: nil
            }
        }
    }

    /// Of four messages the first is completed, the second released and not completed, the third sent, and the window
    /// keeps the fourth back.
    ///
    /// Fails if a message comes under another identifier, comes twice or is lost, or if PUBREL is not repeated.
    @Test(arguments: modes.indices)
    func deliveriesAtQoS2GoOnWhereTheyWere(_ mode: Int) throws {
        let stage = Stage(sessionCommits: Self.modes[mode])
        let reader = stage.subscriber("reader", to: Self.filters, receiveMaximum: 2)
        let sender = stage.connect("sender")
        for text in ["1", "2", "3", "4"] {
            stage.publish(text, to: "a/b", qos: .exactlyOnce, from: sender)
        }
        let first = stage.take(reader)
        #expect(first.count == 2)
        let one = try #require(stage.answer(first[0], on: reader))
        for packet in stage.take(reader) { _ = stage.answer(packet, on: reader) }
        let two = try #require(stage.answer(first[1], on: reader))
        let rest = stage.take(reader)
        stage.pass(.seconds(6))
        let three = try #require(
            rest.compactMap { if case .publish(let publish) = $0 { publish } else { nil } }.last)
        #expect([one.text, two.text, three.text] == ["1", "2", "3"])

        let next = try restarted(stage)
        #expect(next.sessions.counters.restored == 1)
        let again = next.connect("reader", clean: false, expiry: 3_600, receiveMaximum: 2)
        let packets = next.take(again)
        #expect(
            packets.first
                == .connack(Connack(sessionPresent: true, properties: properties(packets))))
        #expect(
            ids(packets) == [
                "pubrel \(two.packetID?.rawValue ?? 0)",
                "publish 3 \(three.packetID?.rawValue ?? 0) dup",
            ])
        for packet in packets { _ = next.answer(packet, on: again) }
        #expect(next.drain(again).map(\.text) == ["4"])
        #expect(next.drain(again).isEmpty)
    }

    private func properties(_ packets: [Packet]) -> [Property] {
        if case .connack(let connack)? = packets.first { connack.properties } else { [] }
    }

    /// All that a batch lacks is PUBCOMP, and it comes before storage has read the batch again.
    ///
    /// Fails if the stream is then read on twice, so that what follows comes twice.
    @Test func pubcompMayComeBeforeItsBatchIsReadAgain() throws {
        let stage = Stage()
        let reader = stage.subscriber("reader", to: Self.filters)
        let sender = stage.connect("sender")
        for text in ["1", "2"] {
            stage.publish(text, to: "a/b", qos: .exactlyOnce, from: sender)
        }
        #expect(
            stage.messages(reader).compactMap { stage.answer(.publish($0), on: reader) }.count == 2)
        stage.pass(.seconds(6))

        let next = try restarted(stage)
        let again = next.connect("reader", clean: false, expiry: 3_600)
        let releases = next.takeAsIs(again).filter {
            if case .pubrel = $0 { next.answer($0, on: again) == nil } else { false }
        }
        #expect(releases.count == 2)
        #expect(next.store.replays == 1)
        next.settle()
        next.publish("3", to: "a/b", qos: .exactlyOnce, from: next.connect("sender"))
        #expect(next.drain(again).map(\.text) == ["3"])
    }

    /// Fails if what was acknowledged comes again after its commit, or what was not does not.
    @Test func messagesAtQoS1GoOnWhereTheyWere() throws {
        let stage = Stage()
        let reader = stage.subscriber("reader", to: Self.filters, receiveMaximum: 10)
        let sender = stage.connect("sender")
        for number in 0..<30 { stage.publish("\(number)", to: "a/\(number % 3)", from: sender) }
        let first = stage.messages(reader)
        #expect(first.count == 10)
        for message in first.prefix(4) { _ = stage.answer(.publish(message), on: reader) }
        stage.pass(.seconds(6))
        stage.cut(reader)
        for number in 30..<40 { stage.publish("\(number)", to: "a/\(number % 3)", from: sender) }

        let next = try restarted(stage)
        let again = next.connect("reader", clean: false, expiry: 3_600)
        let texts = next.drain(again).map(\.text)
        let acknowledged = Set(first.prefix(4).map(\.text))
        #expect(Set(texts) == Set((0..<40).map { "\($0)" }).subtracting(acknowledged))
        #expect(texts.count == 36, "each once")
        // And the subscription goes on.
        next.publish("new", to: "a/b", from: next.connect("sender"))
        #expect(next.drain(again).map(\.text) == ["new"])
    }

    /// A second restart before the client has come back loses nothing either.
    @Test func twoRestartsInARowLoseNothing() throws {
        let stage = Stage(sessionCommits: .beforePromise)
        let reader = stage.subscriber("reader", to: Self.filters)
        let sender = stage.connect("sender")
        for text in ["1", "2", "3"] {
            stage.publish(text, to: "a/b", qos: .exactlyOnce, from: sender)
        }
        #expect(stage.messages(reader).count == 3)
        let second = try restarted(stage)
        second.pass(.seconds(6))
        let third = try restarted(second)
        let again = third.connect("reader", clean: false, expiry: 3_600)
        #expect(third.drain(again).map(\.text) == ["1", "2", "3"])
    }

    /// The receiver's half: a message whose PUBREC was sent is known if it comes again.
    ///
    /// Fails if it is accepted twice, or if PUBREL finds nothing.
    @Test(arguments: modes.indices)
    func receivedIdentifiersAreKnown(_ mode: Int) throws {
        let stage = Stage(sessionCommits: Self.modes[mode])
        let reader = stage.subscriber("reader", to: Self.filters)
        let sender = stage.connect("sender", clean: false, expiry: 600)
        let publish = Packet.publish(
            Publish(
                qos: .exactlyOnce, topic: "a/b", packetID: PacketID(9), payload: Array("once".utf8))
        )
        stage.send(publish, on: sender)
        stage.pass(.seconds(6))
        stage.cut(reader)

        let next = try restarted(stage)
        let back = next.connect("sender", clean: false, expiry: 600)
        next.send(publish, on: back)
        #expect(next.take(back).last == .pubrec(Acknowledgement(packetID: PacketID(9)!)))
        next.send(.pubrel(Acknowledgement(packetID: PacketID(9)!)), on: back)
        #expect(next.take(back).last == .pubcomp(Acknowledgement(packetID: PacketID(9)!)))
        let again = next.connect("reader", clean: false, expiry: 3_600)
        #expect(next.drain(again).map(\.text) == ["once"])
    }

    /// Fails if a session outlives its time because there was no broker, or ends before it.
    @Test func timePassesAlsoWithoutABroker() throws {
        let stage = Stage()
        stage.cut(stage.subscriber("short", to: Self.filters, expiry: 10))
        stage.cut(stage.subscriber("long", to: Self.filters, expiry: 1_000))
        stage.cut(stage.subscriber("ever", to: Self.filters, expiry: .max))
        _ = stage.subscriber("there", to: Self.filters, expiry: 10)
        stage.pass(.seconds(1))
        let next = try restarted(stage, after: 500)
        #expect(next.sessions.sessionCount == 3)
        next.settle()
        #expect(next.store.sessionRows(of: "short").isEmpty)
        next.pass(.seconds(12))
        #expect(next.sessions.sessionCount == 2, "who was connected is counted from the start")
        next.pass(.seconds(490))
        #expect(next.sessions.sessionCount == 1)
        let again = next.connect("ever", clean: false, expiry: .max)
        guard case .connack(let connack)? = next.take(again).first else {
            Issue.record("no CONNACK")
            return
        }
        #expect(connack.sessionPresent)
    }

    /// A client that admits aliases gets them, and a message larger than it accepts is not sent but acknowledged.
    @Test func whatTheClientAdmitsHolds() {
        let stage = Stage()
        let connection = stage.open()
        stage.send(
            .connect(
                Connect(
                    version: .v5, clientID: "c",
                    properties: [.topicAliasMaximum(1), .sessionExpiryInterval(60)])),
            on: connection)
        stage.send(
            .subscribe(Subscribe(packetID: stage.id(), subscriptions: Self.filters)),
            on: connection)
        let sender = stage.connect("sender")
        for topic in ["a/long/topic", "a/other", "a/long/topic"] {
            stage.publish("x", to: topic, from: sender)
        }
        let messages = stage.drain(connection).map { "\($0.topic)\($0.properties)" }.sorted()
        #expect(
            messages.contains("\([Property.topicAlias(1)])"),
            "the second time the alias stands alone")
        #expect(messages.count == 3)

        let small = stage.open()
        stage.send(
            .connect(
                Connect(
                    version: .v5, clientID: "s",
                    properties: [.maximumPacketSize(40), .sessionExpiryInterval(60)])),
            on: small)
        stage.send(
            .subscribe(Subscribe(packetID: stage.id(), subscriptions: Self.filters)), on: small)
        stage.publish(String(repeating: "x", count: 100), to: "a/b", from: sender)
        stage.publish("small", to: "a/b", from: sender)
        #expect(stage.drain(small).map(\.text) == ["small"])
        #expect(stage.sessions.counters.tooLarge == 1)
    }
}
