import Broker
import MQTT
import Measure
import Testing

/// PINGREQ, DISCONNECT and AUTH.
@Suite("MQTT 5.0, sections 3.12 to 3.15: PINGREQ, DISCONNECT, AUTH") struct Section3_12Tests {
    @Test("MQTT-3.12.4-1 PINGREQ is answered with PINGRESP")
    func mqtt_3_12_4_1() {
        for version in [ProtocolVersion.v3_1, .v3_1_1, .v5] {
            let stage = Stage()
            let client = stage.client(version: version)
            stage.send(.pingreq, on: client)
            #expect(stage.take(client) == [.pingresp])
        }
    }

    @Test("MQTT-3.14.0-1 no DISCONNECT is sent to who is not in")
    func mqtt_3_14_0_1() {
        for bytes in [[0xC0, 0], [0xFF, 0xFF, 0xFF, 0xFF, 0xFF], Bytes.connect(flags: 3)]
            as [[UInt8]]
        {
            let stage = Stage()
            let connection = stage.open()
            stage.send(bytes, on: connection)
            #expect(stage.closed.contains(connection))
            #expect(!stage.take(connection).contains { $0.type == .disconnect })
        }
    }

    @Test("MQTT-3.14.1-1 reserved flags of DISCONNECT end the connection")
    func mqtt_3_14_1_1() {
        for first in [0xE1, 0xE2, 0xEF] as [UInt8] {
            expectEnd([first, 0], 0x81)
            expectEnd([first, 0], version: .v3_1_1)
        }
    }

    /// DISCONNECT as the server sends it in several cases.
    private func farewells(_ properties: [Property] = []) -> [Disconnect] {
        let bytes: [[UInt8]] = [
            [0xC1, 0], Bytes.connect(), Bytes.publish(properties: [0x23, 0, 0]),
            [0x82, 3, 0, 1, 0],
            [0xF0, 0],
        ]
        return bytes.compactMap {
            let stage = Stage()
            let client = stage.client(properties)
            stage.send($0, on: client)
            if case .disconnect(let it)? = stage.take(client).last { return it }
            return nil
        }
    }

    @Test("MQTT-3.14.2-1 the server's DISCONNECT has a reason code of its own")
    func mqtt_3_14_2_1() {
        let known: Set<UInt8> = Set(0x81...0x83).union([0x87, 0x89, 0x8B, 0x8D, 0x8E, 0x8F, 0x90])
            .union(0x93...0xA2)
        let codes = farewells().map(\.reasonCode)
        #expect(codes.count == 5)
        #expect(known.isSuperset(of: codes), "\(codes)")
    }

    @Test("MQTT-3.14.2-2 the server's DISCONNECT has no session expiry")
    func mqtt_3_14_2_2() {
        for case .sessionExpiryInterval in farewells([.sessionExpiryInterval(60)])
            .flatMap(\.properties)
        { Issue.record("a session expiry") }
        // and a client cannot ask for a session that it said it does not want
        let stage = Stage()
        let client = stage.client()
        stage.send(.disconnect(Disconnect(properties: [.sessionExpiryInterval(60)])), on: client)
        #expect(stage.standing(client) == .closed(0x82))
        #expect(stage.sessions.sessionCount == 0)
    }

    @Test("MQTT-3.14.2-3 no reason string makes DISCONNECT too large")
    func mqtt_3_14_2_3() { expectSmall() }
    @Test("MQTT-3.14.2-4 no user property makes DISCONNECT too large")
    func mqtt_3_14_2_4() { expectSmall() }

    private func expectSmall(at location: SourceLocation = #_sourceLocation) {
        let all = farewells([.maximumPacketSize(20)])
        #expect(all.count == 5, sourceLocation: location)
        for farewell in all {
            var bytes: [UInt8] = []
            Packet.disconnect(farewell).write(to: &bytes, version: .v5)
            #expect(bytes.count <= 20, sourceLocation: location)
        }
    }

    @Test("MQTT-3.14.4-1 nothing is sent after DISCONNECT")
    func mqtt_3_14_4_1() {
        let stage = Stage()
        let client = stage.listener("t")
        let publisher = stage.client("p")
        stage.send([0xC1, 0], on: client)
        stage.publish("x", to: "t", from: publisher)
        stage.send(.pingreq, on: client)
        #expect(stage.take(client).map(\.type) == [.disconnect])
    }

    @Test("MQTT-3.14.4-2 the server closes after its DISCONNECT")
    func mqtt_3_14_4_2() { expectEnd([0xC1, 0], 0x81) }

    @Test("MQTT-3.14.4-3 a farewell with success discards the will")
    func mqtt_3_14_4_3() {
        for (code, published) in [(0, false), (4, true)] as [(UInt8, Bool)] {
            let stage = Stage()
            let listener = stage.listener("w")
            let client = stage.client(
                [.sessionExpiryInterval(60)],
                will: Will(topic: "w", payload: [1], qos: .atLeastOnce)
            )
            stage.disconnect(client, code: code)
            stage.pass(.seconds(100))
            #expect(stage.messages(listener).count == (published ? 1 : 0), "code \(code)")
        }
        // 3.1.1 [MQTT-3.14.4-3] there
        let stage = Stage()
        let listener = stage.listener("w")
        let client = stage.client(
            "old", version: .v3_1_1, will: Will(topic: "w", payload: [1], qos: .atLeastOnce))
        stage.disconnect(client)
        #expect(stage.messages(listener).isEmpty)
    }

    @Test("MQTT-3.15.1-1 reserved flags of AUTH end the connection")
    func mqtt_3_15_1_1() { expectEnd([0xF1, 0], 0x81) }

    @Test("MQTT-3.15.2-1 AUTH of a client that began no authentication ends the connection")
    func mqtt_3_15_2_1() {
        for code in [0x00, 0x18, 0x19] as [UInt8] {
            let method: [UInt8] = [0x15] + Bytes.text("X")
            expectEnd(Bytes.packet(0xF0, [code, UInt8(method.count)] + method), 0x82)
        }
        // and a code that AUTH does not have
        expectEnd(Bytes.packet(0xF0, [0x42, 0]), 0x81, 0x82)
        // 3.1.1 has no AUTH
        expectEnd([0xF0, 0], version: .v3_1_1)
    }
}
