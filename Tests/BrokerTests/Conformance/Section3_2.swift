import Broker
import MQTT
import Measure
import Testing

/// CONNACK.
@Suite("MQTT 5.0, section 3.2: CONNACK") struct Section3_2Tests {
    @Test("MQTT-3.2.0-1 nothing is sent before CONNACK, also where messages wait")
    func mqtt_3_2_0_1() {
        let stage = Stage()
        stage.cut(stage.subscriber("c", to: [Subscription(filter: "t", qos: .atLeastOnce)]))
        stage.publish("x", to: "t", from: stage.client("p"))
        stage.settle()
        let (connection, _) = stage.join(Connect(version: .v5, clientID: "c", cleanStart: false))
        let packets = stage.take(connection)
        #expect(packets.first.map { Array(repeating: $0, count: 1).connack != nil } == true)
        #expect(packets.texts == ["x"])
    }

    @Test("MQTT-3.2.0-2 a connection has one CONNACK")
    func mqtt_3_2_0_2() {
        let stage = Stage()
        let (connection, _) = stage.join(Connect(version: .v5, clientID: "c"))
        stage.send(Bytes.connect(), on: connection)
        let connacks = stage.take(connection).filter { $0.type == .connack }
        #expect(connacks.count == 1)
    }

    @Test("MQTT-3.2.2-1 the reserved acknowledge flags are zero")
    func mqtt_3_2_2_1() {
        for present in [false, true] {
            var bytes: [UInt8] = []
            Packet.connack(Connack(sessionPresent: present)).write(to: &bytes, version: .v5)
            #expect(bytes[2] == (present ? 1 : 0))
        }
    }

    @Test("MQTT-3.2.2-2 after a clean start no session is present")
    func mqtt_3_2_2_2() {
        let stage = Stage()
        stage.cut(stage.client([.sessionExpiryInterval(60)]))
        #expect(stage.join(Connect(version: .v5, clientID: "c")).connack?.sessionPresent == false)
    }

    @Test("MQTT-3.2.2-3 the session is present exactly if there was one")
    func mqtt_3_2_2_3() {
        for version in [ProtocolVersion.v3_1_1, .v5] {
            let stage = Stage()
            let connect = Connect(
                version: version, clientID: "c", cleanStart: false,
                properties: version == .v5 ? [.sessionExpiryInterval(60)] : [])
            let (first, none) = stage.join(connect)
            #expect(none?.sessionPresent == false)
            stage.cut(first)
            #expect(stage.join(connect).connack?.sessionPresent == true)
        }
    }

    @Test("MQTT-3.2.2-6 a refusal never says that a session is present")
    func mqtt_3_2_2_6() {
        let stage = Stage()
        stage.cut(stage.client([.sessionExpiryInterval(60)]))
        let (_, connack) = stage.join(
            Connect(
                version: .v5, clientID: "c", cleanStart: false,
                properties: [.authenticationMethod("X")]))
        #expect(connack?.reasonCode == 0x8C)
        #expect(connack?.sessionPresent == false)
    }

    @Test("MQTT-3.2.2-7 a refusal closes the connection")
    func mqtt_3_2_2_7() {
        let stage = Stage()
        let connection = stage.open()
        stage.send(Bytes.connect(flags: 0x03), on: connection)
        #expect(stage.standing(connection) == .closed(0x81))
    }

    @Test("MQTT-3.2.2-8 the reason of a refusal is one that CONNACK has")
    func mqtt_3_2_2_8() {
        let known: Set<UInt8> = Set(0x80...0x8A).union([
            0x8C, 0x90, 0x95, 0x97, 0x99, 0x9A, 0x9B, 0x9C, 0x9D, 0x9F,
        ])
        for bytes in [
            Bytes.connect(flags: 0x03), Bytes.connect(properties: [0x21, 0, 0]),
            Bytes.connect(properties: [0x15] + Bytes.text("X")),
            Bytes.connect(flags: 0x06, [0] + Bytes.text("#") + [0, 0]),
        ] {
            let stage = Stage()
            let connection = stage.open()
            stage.send(bytes, on: connection)
            let connack = stage.take(connection).connack
            #expect(connack.map { known.contains($0.reasonCode) } == true, "\(bytes)")
        }
    }

    @Test("MQTT-3.2.2-9 all of QoS is supported, so no maximum is announced")
    func mqtt_3_2_2_9() {
        let stage = Stage()
        let (connection, connack) = stage.join(Connect(version: .v5, clientID: "c"))
        for case .maximumQoS in connack?.properties ?? [] { Issue.record("a maximum QoS") }
        for qos in [QoS.atMostOnce, .atLeastOnce, .exactlyOnce] {
            stage.publish("x", to: "t", qos: qos, from: connection)
        }
        #expect(stage.standing(connection) == .open)
    }

    @Test("MQTT-3.2.2-10 every QoS may be asked for in SUBSCRIBE")
    func mqtt_3_2_2_10() {
        let stage = Stage()
        let client = stage.client()
        for qos in [QoS.atMostOnce, .atLeastOnce, .exactlyOnce] {
            let codes = stage.subscribe(client, "t/\(qos.rawValue)", qos).suback?.reasonCodes
            #expect(codes == [qos.rawValue])
        }
    }

    @Test("MQTT-3.2.2-12 a will of any QoS is accepted, as no maximum is announced")
    func mqtt_3_2_2_12() {
        for qos in [QoS.atMostOnce, .atLeastOnce, .exactlyOnce] {
            let stage = Stage()
            let listener = stage.listener("w", .exactlyOnce)
            stage.cut(stage.client(will: Will(topic: "w", payload: [1], qos: qos)))
            #expect(stage.messages(listener).map(\.qos) == [qos])
        }
    }

    @Test("MQTT-3.2.2-13 a retained will is accepted, as retaining is not announced to be missing")
    func mqtt_3_2_2_13() {
        let (_, connack) = Stage().join(
            Connect(
                version: .v5, clientID: "c", will: Will(topic: "w", payload: [], retain: true)))
        #expect(connack?.reasonCode == 0)
        #expect(connack?.properties.contains(.retainAvailable(0)) == false)
    }

    @Test("MQTT-3.2.2-16 an assigned client id is new among all sessions")
    func mqtt_3_2_2_16() {
        let stage = Stage()
        var names: Set<String> = []
        for _ in 0..<50 {
            let (connection, connack) = stage.join(
                Connect(version: .v5, clientID: "", properties: [.sessionExpiryInterval(60)]))
            for case .assignedClientIdentifier(let it) in connack?.properties ?? [] {
                names.insert(it)
            }
            stage.cut(connection)
        }
        #expect(names.count == 50)
        #expect(stage.sessions.sessionCount == 50)
    }

    @Test("MQTT-3.2.2-19 no reason string makes CONNACK larger than the client takes")
    func mqtt_3_2_2_19() { refusalFits() }

    @Test("MQTT-3.2.2-20 no user property makes CONNACK larger than the client takes")
    func mqtt_3_2_2_20() { refusalFits() }

    private func refusalFits(at location: SourceLocation = #_sourceLocation) {
        let stage = Stage()
        let (connection, connack) = stage.join(
            Connect(
                version: .v5, clientID: "c",
                properties: [.maximumPacketSize(20), .authenticationMethod("X")]))
        var bytes: [UInt8] = []
        if let connack { Packet.connack(connack).write(to: &bytes, version: .v5) }
        #expect(bytes.count <= 20, sourceLocation: location)
        #expect(stage.closed.contains(connection), sourceLocation: location)
    }

    @Test("MQTT-3.2.2-22 without a server keep alive the client's own counts")
    func mqtt_3_2_2_22() {
        let stage = Stage()
        let (connection, connack) = stage.join(
            Connect(version: .v5, clientID: "c", keepAlive: 20))
        var seconds: UInt16 = 20
        for case .serverKeepAlive(let it) in connack?.properties ?? [] { seconds = it }
        stage.pass(.seconds(Double(seconds) * 1.4))
        #expect(stage.standing(connection) == .open)
        stage.pass(.seconds(Double(seconds) * 0.3))
        #expect(stage.standing(connection) == .closed(0x8D))
    }
}
