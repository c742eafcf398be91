import MQTT
import Measure
import Replay
import Testing
import Traffic

/// Clients as those who are delivered to.
@Suite struct SubscriberTests {
    /// Delivers messages at these QoS when the client subscribes.
    private static func delivering(_ qos: [QoS]) -> ScriptedBroker {
        let broker = ScriptedBroker()
        broker.onPacket = { broker, connection, packet in
            switch packet {
            case .subscribe:
                for (number, qos) in qos.enumerated() {
                    broker.tell(
                        .publish(
                            Publish(
                                qos: qos, topic: "t",
                                packetID: qos == .atMostOnce ? nil : PacketID(UInt16(number + 1)))),
                        on: connection)
                }
            case .pubrec(let answer): broker.tell(.pubrel(answer), on: connection)
            default: break
            }
        }
        return broker
    }

    @Test func deliveriesAreAnsweredInOrder() throws {
        let broker = Self.delivering([.atMostOnce, .atLeastOnce, .exactlyOnce, .atLeastOnce])
        var script = Script()
        script.connect("a")
        script.subscribe("a", "t")
        script.after(2)
        script.publish("a", "u", qos: .atMostOnce)
        let replayer = try script.replay(over: broker)
        #expect(
            broker.packets.dropFirst(2).map(\.packet.type)
                == [.puback, .pubrec, .puback, .pubcomp, .publish])
        #expect(replayer.recorder.delivered.counts == [1, 2, 1])
    }

    /// As late as in the recording, faster by the speed, and never one before the other [MQTT-4.6.0-2].
    @Test func answersAreAsLateAsInTheRecording() throws {
        let broker = Self.delivering([.atLeastOnce, .atLeastOnce, .atLeastOnce])
        var script = Script()
        script.connect("a")
        script.subscribe("a", "t")
        let began = MonotonicTime.now()
        script.after(20)
        script.publish("a", "u", qos: .atMostOnce)
        script.after(100)
        script.publish("a", "u", qos: .atMostOnce)
        let replayer = try script.replay(
            over: broker, speed: 2, answering: [.milliseconds(80), .zero])
        #expect((MonotonicTime.now() - began) >= .milliseconds(60))
        // Due after 40, 40 and, drawn from the beginning again, 40 ms.
        #expect(
            broker.packets.dropFirst(2).map(\.packet.type)
                == [.publish, .puback, .puback, .puback, .publish])
        #expect(replayer.unacknowledgedDeliveries == 0)
    }

    @Test func aSubscriberThatNeverAnsweredNeverDoes() throws {
        let broker = Self.delivering([.atLeastOnce, .exactlyOnce])
        var script = Script()
        script.connect("a")
        script.subscribe("a", "t")
        script.after(5)
        script.disconnect("a")
        _ = try script.replay(over: broker, answering: [nil])
        #expect(broker.packets.map(\.packet.type) == [.connect, .subscribe, .disconnect])
    }

    /// Until it is released, the same identifier at QoS 2 is the same message [MQTT-4.3.3-10].
    @Test func aRepetitionAtQoS2IsNoSecondDelivery() throws {
        let broker = Self.delivering([.exactlyOnce])
        broker.ignores = [.pubrec]
        broker.onPacket = { broker, connection, packet in
            guard case .subscribe = packet else { return }
            for dup in [false, true] {
                broker.tell(
                    .publish(
                        Publish(dup: dup, qos: .exactlyOnce, topic: "t", packetID: PacketID(3))),
                    on: connection)
            }
        }
        var script = Script()
        script.connect("a")
        script.subscribe("a", "t")
        script.after(1)
        script.publish("a", "u", qos: .atMostOnce)
        let replayer = try script.replay(over: broker)
        #expect(replayer.recorder.delivered.counts == [0, 0, 1])
        #expect(replayer.recorder.redelivered == 1)
        #expect(broker.received(.pubrec).count == 2)
    }

    /// A client whose recorded pings come too late for its keep alive pings by itself.
    @Test func aSilentClientPings() throws {
        let broker = ScriptedBroker()
        broker.connackProperties = [.serverKeepAlive(1)]
        var script = Script()
        script.connect("a", .v5, keepAlive: 60)
        script.after(2_300)
        script.publish("a", "t", qos: .atMostOnce)
        let replayer = try script.replay(over: broker)
        #expect(broker.pings == 2)
        #expect(replayer.recorder.ownPings == 2)
    }
}
