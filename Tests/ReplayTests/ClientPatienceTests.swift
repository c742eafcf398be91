import MQTT
import Measure
import Replay
import Testing
import Traffic

/// Brokers that are slow, silent, refuse or talk nonsense: every wait has a bound, and what did not happen is counted.
@Suite struct ClientPatienceTests {
    private static var impatient: ReplayOptions {
        var options = ReplayOptions()
        options.patience = .milliseconds(30)
        return options
    }

    @Test func nothingIsSaidBeforeTheConnack() throws {
        let broker = ScriptedBroker()
        broker.ignores = [.connect]
        broker.onPacket = { broker, connection, packet in
            if case .connect = packet { #expect(broker.packets.count == 1) }
        }
        var script = Script()
        script.connect("a")
        script.subscribe("a", "t")
        script.publish("a", "t")
        script.disconnect("a")
        let replayer = try script.replay(over: broker, Self.impatient)
        #expect(broker.packets.count == 1)
        #expect(replayer.waiting == 4)
        replayer.settle(until: .now() + .milliseconds(200)) { replayer.waiting == 0 }
        #expect(replayer.recorder.silent == 1)
        #expect(replayer.recorder.unsent == 1)
        #expect(broker.open == 0)
    }

    @Test func whatWaitedForTheConnackKeepsItsIntendedTime() throws {
        let broker = ScriptedBroker()
        broker.pause = (send: 1, time: .milliseconds(40))
        var script = Script()
        script.connect("a")
        script.publish("a", "t")
        let replayer = try script.replay(over: broker, settle: .milliseconds(1))
        #expect((replayer.recorder.puback.percentile(50)?.seconds ?? 0) >= 0.04)
        #expect((replayer.recorder.latencies.connack.maximum?.seconds ?? 0) >= 0.04)
    }

    /// [MQTT-3.3.4-9]
    @Test func theReceiveMaximumIsNotExceeded() throws {
        let broker = ScriptedBroker()
        broker.connackProperties = [.receiveMaximum(2)]
        broker.ignores = [.publish]
        var waiting: [PacketID] = []
        var largest = 0
        broker.onPacket = { _, _, packet in
            guard case .publish(let publish) = packet, let id = publish.packetID else { return }
            waiting.append(id)
            largest = max(largest, waiting.count)
        }
        var script = Script()
        script.connect("a", .v5)
        for number in 0..<5 { script.publish("a", "t", payload: "\(number)") }
        script.publish("a", "t", qos: .atMostOnce, payload: "now")
        script.disconnect("a")
        let replayer = Replayer(
            TraceTimeline(script.trace()), over: broker,
            on: Schedule(start: .now(), speed: 1))
        #expect(try replayer.run() == .finished)
        // QoS 0 is not held back.
        #expect(broker.publishesReceived.map { $0.payload.first } == [0x30, 0x31, 0x6E])
        while let id = waiting.first {
            waiting.removeFirst()
            broker.tell(.puback(Acknowledgement(packetID: id)), on: 1)
            replayer.settle(until: .now() + .milliseconds(1)) { false }
        }
        #expect(largest == 2)
        #expect(broker.publishesReceived.count == 6)
        #expect(replayer.recorder.acknowledged.counts == [0, 5, 0])
        // DISCONNECT was due long before, and waited for the last answer.
        #expect(broker.packets.last?.packet.type == .disconnect)
        #expect(replayer.waiting == 0)
    }

    /// Who is never answered uses 65,535 identifiers and then waits.
    @Test func identifiersRunOutWithoutAnEndlessSearch() throws {
        let broker = ScriptedBroker()
        broker.ignores = [.publish]
        var script = Script()
        script.connect("a")
        for _ in 0..<65_540 { script.publish("a", "t") }
        let replayer = try script.replay(over: broker, Self.impatient)
        #expect(broker.publishes[1] == 0)
        #expect(broker.publishesReceived.count == 65_535)
        replayer.settle(until: .now() + .seconds(1)) { replayer.waiting == 0 }
        #expect(replayer.recorder.unsent == 5)
    }

    @Test func aRefusedClientSaysNoMore() throws {
        let broker = ScriptedBroker()
        broker.connackCode = 5
        var script = Script()
        script.connect("a")
        script.publish("a", "t")
        script.after(2)
        script.publish("a", "t", qos: .atMostOnce)
        script.disconnect("a")
        let replayer = try script.replay(over: broker)
        #expect(broker.packets.count == 1)
        #expect(replayer.recorder.turnedAway == 1)
        #expect(replayer.recorder.unsent == 2)
        #expect(replayer.recorder.dropped == 0)
    }

    @Test(
        arguments: [[0xF3, 0x00], [0x62, 0x01, 0x00], [0x40, 0x02, 0x00, 0x00], [0x00, 0x00]]
            as [[UInt8]])
    func nonsenseEndsTheConnection(_ bytes: [UInt8]) throws {
        let broker = ScriptedBroker()
        broker.onPacket = { broker, connection, packet in
            if case .publish = packet { broker.tell(bytes, on: connection) }
        }
        var script = Script()
        script.connect("a")
        script.publish("a", "t")
        script.after(2)
        script.publish("a", "t")
        let replayer = try script.replay(over: broker)
        #expect(replayer.recorder.malformed == 1)
        #expect(replayer.recorder.dropped == 1)
        #expect(replayer.recorder.unsent == 1)
        #expect(broker.closed == [1])
    }

    /// An answer to a message that was never sent is counted and believed by nobody.
    @Test func answersToNothingAreCounted() throws {
        let broker = ScriptedBroker()
        broker.ignores = [.publish]
        broker.onPacket = { broker, connection, packet in
            guard case .publish(let publish) = packet, let id = publish.packetID,
                let other = PacketID(9)
            else { return }
            broker.tell(.puback(Acknowledgement(packetID: other)), on: connection)
            // PUBREC does not answer QoS 1.
            broker.tell(.pubrec(Acknowledgement(packetID: id)), on: connection)
        }
        var script = Script()
        script.connect("a")
        script.publish("a", "t")
        let replayer = try script.replay(over: broker)
        #expect(replayer.recorder.unexpected == 2)
        #expect(replayer.recorder.acknowledged.total == 0)
    }

    /// Clients that come back by themselves take their session up, or subscribe again where it is lost.
    @Test(arguments: [true, false]) func clientsComeBackByThemselves(sessionIsKept: Bool) throws {
        let broker = ScriptedBroker()
        broker.ignores = [.publish]
        broker.forgetsSessions = !sessionIsKept
        broker.onPacket = { broker, connection, packet in
            if case .publish(let publish) = packet, connection == 1, publish.qos == .atLeastOnce {
                broker.end(connection)
            }
        }
        var options = ReplayOptions()
        options.reconnectAfter = .milliseconds(5)
        var script = Script()
        script.connect("a", .v5, clean: true, properties: [.sessionExpiryInterval(60)])
        script.subscribe("a", "t/#")
        script.publish("a", "t", payload: "one")
        script.after(2)
        script.publish("a", "t", payload: "two")
        script.publish("a", "t", qos: .atMostOnce, payload: "lost")
        script.after(20)
        script.publish("a", "t", payload: "three")
        let replayer = try script.replay(over: broker, options)
        #expect(replayer.recorder.dropped == 1)
        #expect(replayer.recorder.returns == 1)
        #expect(replayer.recorder.unsent == 1)
        #expect(broker.received(.subscribe).count == (sessionIsKept ? 1 : 2))
        let payloads = broker.publishesReceived.map { String(decoding: $0.payload, as: UTF8.self) }
        #expect(
            payloads == (sessionIsKept ? ["one", "one", "two", "three"] : ["one", "two", "three"]))
        let connects = broker.packets.compactMap {
            if case .connect(let connect) = $0.packet { connect.cleanStart } else { nil }
        }
        #expect(connects == [true, false], "it asks for its session when it comes back by itself")
    }
}
