import Broker
import MQTT
import Measure
import Testing

/// SUBSCRIBE, SUBACK, UNSUBSCRIBE and UNSUBACK.
@Suite("MQTT 5.0, sections 3.8 to 3.11: subscriptions") struct Section3_8Tests {
    private func unsubscribe(_ stage: Stage, _ client: Int, _ filters: String...) -> Unsuback? {
        stage.send(.unsubscribe(Unsubscribe(packetID: stage.id(), filters: filters)), on: client)
        return stage.take(client).unsuback
    }

    @Test("MQTT-3.8.1-1 flags of SUBSCRIBE other than 2 end the connection")
    func mqtt_3_8_1_1() {
        for first in [0x80, 0x81, 0x83, 0x8A] as [UInt8] {
            expectEnd(Bytes.packet(first, [0, 1, 0] + Bytes.text("t") + [0]), 0x81)
            expectEnd(Bytes.packet(first, [0, 1] + Bytes.text("t") + [0]), version: .v3_1_1)
        }
    }

    @Test("MQTT-3.8.3-1 topic filters are UTF-8")
    func mqtt_3_8_3_1() { expectEnd(Bytes.subscribe([0, 1, 0xFF]), 0x81) }

    @Test("MQTT-3.8.3-2 SUBSCRIBE without a filter ends the connection")
    func mqtt_3_8_3_2() {
        expectEnd([0x82, 3, 0, 1, 0], 0x82)
        expectEnd([0x82, 2, 0, 1], version: .v3_1_1)
        // a filter without its options
        expectEnd(Bytes.packet(0x82, [0, 1, 0] + Bytes.text("t")), 0x81)
    }

    @Test("MQTT-3.8.3-3 No Local keeps a client's own messages from it, and only those")
    func mqtt_3_8_3_3() {
        for expiry in [0, 60] as [UInt32] {
            let stage = Stage()
            let client = stage.client([.sessionExpiryInterval(expiry)])
            stage.subscribe(client, "t", noLocal: true)
            stage.publish("own", to: "t", from: client)
            stage.publish("other", to: "t", from: stage.client("p"))
            #expect(stage.drain(client).map(\.text) == ["other"], "expiry \(expiry)")
        }
    }

    @Test("MQTT-3.8.3-4 No Local on a shared subscription ends the connection")
    func mqtt_3_8_3_4() { expectEnd(Bytes.subscribe(Bytes.text("$share/g/t"), options: 4), 0x82) }

    @Test("MQTT-3.8.3-5 reserved bits of the options end the connection")
    func mqtt_3_8_3_5() {
        expectEnd(Bytes.subscribe(Bytes.text("t"), options: 0x40), 0x81)
        expectEnd(Bytes.subscribe(Bytes.text("t"), options: 0x80), 0x81)
        expectEnd(Bytes.packet(0x82, [0, 1] + Bytes.text("t") + [4]), version: .v3_1_1)
        // values that the options do not have
        expectEnd(Bytes.subscribe(Bytes.text("t"), options: 0x03), 0x82)
        expectEnd(Bytes.subscribe(Bytes.text("t"), options: 0x30), 0x82)
        // a subscription identifier of zero, and two of them
        expectEnd(Bytes.packet(0x82, [0, 1, 2, 0x0B, 0] + Bytes.text("t") + [0]), 0x82)
        expectEnd(Bytes.packet(0x82, [0, 1, 4, 0x0B, 1, 0x0B, 1] + Bytes.text("t") + [0]), 0x82)
    }

    @Test("MQTT-3.8.4-1 SUBSCRIBE is answered with SUBACK")
    func mqtt_3_8_4_1() {
        for version in [ProtocolVersion.v3_1, .v3_1_1, .v5] {
            let stage = Stage()
            let client = stage.client(version: version)
            #expect(stage.subscribe(client, "t", .exactlyOnce).suback?.reasonCodes == [2])
        }
    }

    @Test("MQTT-3.8.4-2 SUBACK has the identifier of its SUBSCRIBE")
    func mqtt_3_8_4_2() {
        let stage = Stage()
        let client = stage.client()
        let ids = (0..<3).map { _ in stage.id() }
        for id in ids {
            let filters = [Subscription(filter: "t", qos: .atMostOnce)]
            stage.send(.subscribe(Subscribe(packetID: id, subscriptions: filters)), on: client)
        }
        let answered = stage.take(client).compactMap { [$0].suback?.packetID }
        #expect(answered == ids)
    }

    @Test("MQTT-3.8.4-3 the same filter again replaces the subscription")
    func mqtt_3_8_4_3() {
        for expiry in [0, 60] as [UInt32] {
            let stage = Stage()
            let client = stage.client([.sessionExpiryInterval(expiry)])
            stage.subscribe(client, "t", .atMostOnce)
            stage.subscribe(client, "t", .exactlyOnce)
            stage.publish("x", to: "t", qos: .exactlyOnce, from: stage.client("p"))
            #expect(stage.drain(client).map(\.qos) == [.exactlyOnce], "expiry \(expiry)")
            #expect(unsubscribe(stage, client, "t")?.reasonCodes == [0])
            #expect(unsubscribe(stage, client, "t")?.reasonCodes == [0x11])
        }
    }

    @Test("MQTT-3.8.4-4 replacing a subscription loses no message, and sends retained ones again")
    func mqtt_3_8_4_4() {
        for expiry in [0, 60] as [UInt32] {
            let stage = Stage()
            let client = stage.client([.receiveMaximum(1), .sessionExpiryInterval(expiry)])
            let publisher = stage.client("p")
            stage.retain("kept", to: "t", from: publisher)
            stage.subscribe(client, "t", handling: 2)
            for text in ["a", "b", "c"] { stage.publish(text, to: "t", from: publisher) }
            stage.settle()
            let filters = [Subscription(filter: "t", qos: .atLeastOnce, retainHandling: 0)]
            stage.send(
                .subscribe(Subscribe(packetID: stage.id(), subscriptions: filters)), on: client)
            stage.publish("d", to: "t", from: publisher)
            let texts = stage.drain(client).map(\.text)
            #expect(texts.filter { $0 != "kept" } == ["a", "b", "c", "d"], "expiry \(expiry)")
            #expect(texts.count { $0 == "kept" } == 1, "expiry \(expiry)")
        }
    }

    @Test("MQTT-3.8.4-5 several filters are handled one after another and answered together")
    func mqtt_3_8_4_5() {
        let stage = Stage()
        let client = stage.client()
        // the second replaces the first
        let filters = [("t", QoS.exactlyOnce), ("t", .atMostOnce), ("u", .atLeastOnce)].map {
            Subscription(filter: $0.0, qos: $0.1)
        }
        stage.send(.subscribe(Subscribe(packetID: stage.id(), subscriptions: filters)), on: client)
        #expect(
            stage.take(client) == [
                .suback(Suback(packetID: PacketID(1) ?? stage.id(), reasonCodes: [2, 0, 1]))
            ])
        stage.publish("x", to: "t", qos: .exactlyOnce, from: stage.client("p"))
        #expect(stage.messages(client).map(\.qos) == [.atMostOnce])
    }

    @Test("MQTT-3.8.4-6 SUBACK has one code for each filter")
    func mqtt_3_8_4_6() {
        let stage = Stage()
        let client = stage.client()
        let filters = (0..<100).map { Subscription(filter: "t/\($0)", qos: .atMostOnce) }
        stage.send(.subscribe(Subscribe(packetID: stage.id(), subscriptions: filters)), on: client)
        #expect(stage.take(client).suback?.reasonCodes.count == 100)
    }

    @Test("MQTT-3.8.4-7 the code of a filter is the QoS granted")
    func mqtt_3_8_4_7() {
        let stage = Stage()
        let client = stage.client()
        for qos in [QoS.atMostOnce, .atLeastOnce, .exactlyOnce] {
            let granted = stage.subscribe(client, "t", qos).suback?.reasonCodes
            #expect(granted == [qos.rawValue])
            stage.publish("x", to: "t", qos: .exactlyOnce, from: client)
            #expect(stage.drain(client).map(\.qos) == [qos])
        }
    }

    @Test("MQTT-3.8.4-8 a message comes at the lower of its own and the granted QoS")
    func mqtt_3_8_4_8() {
        let all = [QoS.atMostOnce, .atLeastOnce, .exactlyOnce]
        for granted in all {
            for sent in all {
                let stage = Stage()
                let client = stage.listener("t", granted)
                stage.publish("x", to: "t", qos: sent, from: stage.client("p"))
                let least = min(granted.rawValue, sent.rawValue)
                #expect(stage.messages(client).map(\.qos.rawValue) == [least])
            }
        }
    }

    private func expectSmallAnswers(at location: SourceLocation = #_sourceLocation) {
        let stage = Stage()
        let client = stage.client([.maximumPacketSize(20)])
        stage.subscribe(client, "t")
        stage.subscribe(client, "$SYS/#")
        _ = unsubscribe(stage, client, "none")
        stage.send(
            .subscribe(
                Subscribe(
                    packetID: stage.id(),
                    subscriptions: [Subscription(filter: "a", qos: .atMostOnce)])), on: client)
        for packet in stage.take(client) {
            var bytes: [UInt8] = []
            packet.write(to: &bytes, version: .v5)
            #expect(bytes.count <= 20, sourceLocation: location)
        }
    }

    @Test("MQTT-3.9.2-1 no reason string makes SUBACK too large")
    func mqtt_3_9_2_1() { expectSmallAnswers() }
    @Test("MQTT-3.9.2-2 no user property makes SUBACK too large")
    func mqtt_3_9_2_2() { expectSmallAnswers() }

    @Test("MQTT-3.9.3-1 the codes of SUBACK are in the order of the filters")
    func mqtt_3_9_3_1() {
        let stage = Stage()
        let client = stage.client()
        let filters = [2, 0, 1, 1, 0, 2].enumerated().map {
            Subscription(filter: "t/\($0)", qos: QoS(rawValue: $1) ?? .atMostOnce)
        }
        stage.send(.subscribe(Subscribe(packetID: stage.id(), subscriptions: filters)), on: client)
        #expect(stage.take(client).suback?.reasonCodes == [2, 0, 1, 1, 0, 2])
    }

    @Test("MQTT-3.9.3-2 the codes of SUBACK are among its own")
    func mqtt_3_9_3_2() {
        let known: Set<UInt8> = [0, 1, 2, 0x80, 0x83, 0x87, 0x8F, 0x91, 0x97, 0x9E, 0xA1, 0xA2]
        let stage = Stage()
        let client = stage.client(), old = stage.client("old", version: .v3_1_1)
        for filter in ["t", "$share/g/t", "$SYS/#", "#", "$queue/t"] {
            let codes = stage.subscribe(client, filter).suback?.reasonCodes ?? [0xFF]
            #expect(known.isSuperset(of: codes), "\(filter)")
            let before5 = stage.subscribe(old, filter).suback?.reasonCodes ?? [0xFF]
            #expect(Set([0, 1, 2, 0x80]).isSuperset(of: before5), "\(filter)")
        }
    }

    @Test("MQTT-3.10.1-1 flags of UNSUBSCRIBE other than 2 end the connection")
    func mqtt_3_10_1_1() {
        for first in [0xA0, 0xA1, 0xA3, 0xAA] as [UInt8] {
            expectEnd(Bytes.packet(first, [0, 1, 0] + Bytes.text("t")), 0x81)
            expectEnd(Bytes.packet(first, [0, 1] + Bytes.text("t")), version: .v3_1_1)
        }
    }

    @Test("MQTT-3.10.3-1 filters to unsubscribe are UTF-8")
    func mqtt_3_10_3_1() { expectEnd(Bytes.packet(0xA2, [0, 1, 0, 0, 1, 0xFF]), 0x81) }

    @Test("MQTT-3.10.3-2 UNSUBSCRIBE without a filter ends the connection")
    func mqtt_3_10_3_2() {
        expectEnd([0xA2, 3, 0, 1, 0], 0x82)
        expectEnd([0xA2, 2, 0, 1], version: .v3_1_1)
    }

    @Test("MQTT-3.10.4-1 a subscription ends by its own filter, letter for letter")
    func mqtt_3_10_4_1() {
        let stage = Stage()
        let client = stage.listener("t/+")
        #expect(
            unsubscribe(stage, client, "t/#", "T/+", "t/+/")?.reasonCodes == [0x11, 0x11, 0x11])
        stage.publish("x", to: "t/a", from: client)
        #expect(stage.drain(client).map(\.text) == ["x"])
        #expect(unsubscribe(stage, client, "t/+")?.reasonCodes == [0])
        stage.publish("y", to: "t/a", from: client)
        #expect(stage.drain(client).isEmpty)
    }

    @Test("MQTT-3.10.4-2 nothing new comes after UNSUBSCRIBE")
    func mqtt_3_10_4_2() {
        for expiry in [0, 60] as [UInt32] {
            let stage = Stage()
            let client = stage.listener("t", [.sessionExpiryInterval(expiry)])
            _ = unsubscribe(stage, client, "t")
            stage.publish("x", to: "t", from: stage.client("p"))
            #expect(stage.drain(client).isEmpty, "expiry \(expiry)")
        }
    }

    @Test("MQTT-3.10.4-3 what has been sent is still completed after UNSUBSCRIBE")
    func mqtt_3_10_4_3() throws {
        for expiry in [0, 60] as [UInt32] {
            let stage = Stage()
            let client = stage.listener("t", .exactlyOnce, [.sessionExpiryInterval(expiry)])
            stage.publish("x", to: "t", qos: .exactlyOnce, from: stage.client("p"))
            let id = try #require(stage.messages(client).first?.packetID)
            _ = unsubscribe(stage, client, "t")
            stage.send(.pubrec(Acknowledgement(packetID: id)), on: client)
            #expect(stage.take(client) == [.pubrel(Acknowledgement(packetID: id))])
            stage.send(.pubcomp(Acknowledgement(packetID: id)), on: client)
            #expect(stage.standing(client) == .open)
        }
    }

    @Test("MQTT-3.10.4-4 UNSUBSCRIBE is answered with UNSUBACK")
    func mqtt_3_10_4_4() {
        for version in [ProtocolVersion.v3_1, .v3_1_1, .v5] {
            let stage = Stage()
            let client = stage.client(version: version)
            let codes = unsubscribe(stage, client, "t")?.reasonCodes
            #expect(codes == (version == .v5 ? [0x11] : []))
        }
    }

    @Test("MQTT-3.10.4-5 UNSUBACK has its identifier, also if there was nothing to end")
    func mqtt_3_10_4_5() {
        let stage = Stage()
        let client = stage.client()
        let id = stage.id()
        stage.send(.unsubscribe(Unsubscribe(packetID: id, filters: ["none"])), on: client)
        #expect(stage.take(client).unsuback == Unsuback(packetID: id, reasonCodes: [0x11]))
    }

    @Test("MQTT-3.10.4-6 several filters are ended one after another and answered together")
    func mqtt_3_10_4_6() {
        let stage = Stage()
        let client = stage.listener("t")
        #expect(unsubscribe(stage, client, "t", "t", "u")?.reasonCodes == [0, 0x11, 0x11])
    }

    @Test("MQTT-3.11.2-1 no reason string makes UNSUBACK too large")
    func mqtt_3_11_2_1() { expectSmallAnswers() }
    @Test("MQTT-3.11.2-2 no user property makes UNSUBACK too large")
    func mqtt_3_11_2_2() { expectSmallAnswers() }

    @Test("MQTT-3.11.3-1 the codes of UNSUBACK are in the order of the filters")
    func mqtt_3_11_3_1() {
        let stage = Stage()
        let client = stage.listener("b")
        stage.subscribe(client, "d")
        let codes = unsubscribe(stage, client, "a", "b", "c", "d")?.reasonCodes
        #expect(codes == [0x11, 0, 0x11, 0])
    }

    @Test("MQTT-3.11.3-2 the codes of UNSUBACK are among its own")
    func mqtt_3_11_3_2() {
        let known: Set<UInt8> = [0, 0x11, 0x80, 0x83, 0x87, 0x8F, 0x91]
        let stage = Stage()
        let client = stage.listener("t")
        for filter in ["t", "none", "$share/g/t"] {
            let codes = unsubscribe(stage, client, filter)?.reasonCodes ?? [0xFF]
            #expect(known.isSuperset(of: codes), "\(filter)")
        }
    }
}
