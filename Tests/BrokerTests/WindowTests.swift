import Broker
import MQTT
import Measure
import Testing

/// The window of deliveries, and what it costs to keep many sessions.
@Suite struct WindowTests {
    /// One delivery stays unacknowledged while more identifiers are used than there are.
    @Test func aPacketIdentifierInFlightIsNotUsedAgain() throws {
        let stage = Stage(shards: 1)
        let sender = stage.connect("sender")
        let reader = stage.connect("reader")
        stage.send(
            .subscribe(
                Subscribe(
                    packetID: stage.id(),
                    subscriptions: [Subscription(filter: "t", qos: .atLeastOnce)])),
            on: reader)
        stage.publish("kept", to: "t", from: sender)
        let kept = try #require(stage.messages(reader).first?.packetID)
        var used: Set<PacketID> = []
        for _ in 0..<33_000 {
            stage.send(.publish(Publish(qos: .atLeastOnce, topic: "t", packetID: kept)), on: sender)
            for message in stage.messages(reader) {
                let id = try #require(message.packetID)
                used.insert(id)
                #expect(id != kept)
                stage.send(.puback(Acknowledgement(packetID: id)), on: reader)
            }
            _ = stage.take(sender)
        }
        #expect(used.count == 32_767, "all others of those without a number were used")
    }

    @Test func deliveriesAreAtMostTheWindowAndTheQueue() {
        var limits = SessionLimits()
        limits.inflight = 4
        limits.queue = 10
        let stage = Stage(limits: limits)
        let sender = stage.connect("sender")
        let reader = stage.connect("reader")
        stage.send(
            .subscribe(
                Subscribe(
                    packetID: stage.id(),
                    subscriptions: [Subscription(filter: "t", qos: .exactlyOnce)])),
            on: reader)
        for number in 0..<20 {
            stage.publish("\(number)", to: "t", qos: .exactlyOnce, from: sender)
        }
        #expect(stage.sessions.counters.dropped == 6)
        let kept = (Array(0..<4) + Array(10..<20)).map { "\($0)" }
        #expect(stage.drain(reader).map(\.text) == kept, "the oldest make room")
        #expect(stage.sessions.counters.delivered == 14)
    }

    /// A stream is not read on while its last messages are owed, and nothing is asked in vain meanwhile.
    @Test func anUnacknowledgedDeliveryDoesNotKeepStorageBusy() {
        let stage = Stage(shards: 2)
        let sender = stage.connect("sender")
        let reader = stage.subscriber("reader", to: [Subscription(filter: "#", qos: .atLeastOnce)])
        stage.publish("0", to: "b", from: sender)
        #expect(stage.drain(reader).count == 1)
        stage.publish("1", to: "a", from: sender)
        let packets = stage.take(reader)
        let before = stage.store.questions
        for _ in 0..<100 { stage.settle() }
        #expect(stage.store.questions == before)
        stage.publish("2", to: "a", from: sender)
        for _ in 0..<100 { stage.settle() }
        #expect(stage.store.questions == before, "the question for the other stream still waits")
        let streams = stage.store.streams
        for packet in packets { _ = stage.answer(packet, on: reader) }
        #expect(stage.take(reader).count == 1)
        #expect(stage.store.streams == streams + 1, "the other one is asked for already")
    }

    /// More waits than is read ahead: reading goes on as the window moves.
    @Test func readingStopsAheadOfTheWindowAndGoesOn() {
        var limits = SessionLimits()
        limits.inflight = 2
        limits.readAhead = 5
        let stage = Stage(shards: 1, limits: limits)
        let sender = stage.connect("sender")
        stage.cut(stage.subscriber("reader", to: [Subscription(filter: "#", qos: .atLeastOnce)]))
        for number in 0..<100 { stage.publish("\(number)", to: "t/\(number % 7)", from: sender) }
        let reader = stage.connect("reader", clean: false, expiry: 60)
        #expect(stage.messages(reader).count == 2)
        #expect(stage.store.questions == 7, "one for each stream, and none while enough waits")
        stage.cut(reader)
        let got = stage.drain(stage.connect("reader", clean: false, expiry: 60))
        #expect(Set(got.map(\.text)).count == 100)
        #expect(got.count == 100)
    }

    /// 10,000 connected durable sessions cost a quiet poll one look at each shard.
    @Test func aQuietPollDoesNotVisitSessions() {
        let stage = Stage(shards: 3)
        var connections: [Int] = []
        for number in 0..<10_000 {
            let connection = stage.connect("c\(number)", expiry: 60)
            stage.send(
                .subscribe(
                    Subscribe(
                        packetID: stage.id(),
                        subscriptions: [Subscription(filter: "for/\(number)", qos: .atLeastOnce)])),
                on: connection)
            connections.append(connection)
        }
        stage.settle()
        let before = stage.store.looks
        for _ in 0..<10 { stage.poll() }
        #expect(stage.store.looks - before == 30)
        stage.publish("x", to: "for/77", from: connections[0])
        #expect(stage.messages(connections[77]).map(\.text) == ["x"])
        #expect(stage.store.questions == 1, "the others have no stream to read")
        for connection in connections { stage.cut(connection) }
        stage.pass(.seconds(61))
        #expect(stage.sessions.sessionCount == 0)
    }
}
