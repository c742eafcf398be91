import Broker
import MQTT
import Measure
import Testing

/// PUBLISH: what follows it. PUBACK, PUBREC, PUBREL, PUBCOMP.
@Suite("MQTT 5.0, sections 3.3.4 to 3.7: PUBLISH and its answers") struct Section3_3_ActionsTests {
    @Test("MQTT-3.3.4-1 each QoS has its answer: none, PUBACK, PUBREC")
    func mqtt_3_3_4_1() {
        for (qos, answer) in [
            (.atMostOnce, nil), (.atLeastOnce, .puback), (.exactlyOnce, .pubrec),
        ] as [(QoS, PacketType?)] {
            for version in [ProtocolVersion.v3_1_1, .v5] {
                let stage = Stage()
                let client = stage.client(version: version)
                let id = qos == .atMostOnce ? nil : stage.id()
                stage.post(Publish(qos: qos, topic: "t", packetID: id), on: client)
                #expect(stage.take(client).map(\.type) == (answer.map { [$0] } ?? []))
            }
        }
    }

    @Test("MQTT-3.3.4-2 overlapping subscriptions deliver at the highest QoS among them")
    func mqtt_3_3_4_2() {
        for expiry in [0, 60] as [UInt32] {
            let stage = Stage()
            let listener = stage.client([.sessionExpiryInterval(expiry)])
            stage.subscribe(listener, "t/+", .atMostOnce)
            stage.subscribe(listener, "t/#", .exactlyOnce)
            stage.subscribe(listener, "t/a", .atLeastOnce)
            stage.publish("x", to: "t/a", qos: .exactlyOnce, from: stage.client("p"))
            let best = stage.drain(listener).map(\.qos.rawValue).max()
            #expect(best == 2, "expiry \(expiry)")
        }
    }

    /// What two overlapping subscriptions with identifiers 1 and 2 and one without deliver.
    private func identified(_ expiry: UInt32) -> [[UInt32]] {
        let stage = Stage()
        let listener = stage.client([.sessionExpiryInterval(expiry)])
        stage.subscribe(listener, "t/+", properties: [.subscriptionIdentifier(1)])
        stage.subscribe(listener, "t/#", properties: [.subscriptionIdentifier(268_435_455)])
        stage.subscribe(listener, "+/a")
        stage.publish("x", to: "t/a", from: stage.client("p"))
        return stage.drain(listener).map { message in
            message.properties.compactMap {
                if case .subscriptionIdentifier(let it) = $0 { it } else { nil }
            }.sorted()
        }
    }

    @Test("MQTT-3.3.4-3 the identifiers of the subscriptions that match come with the message")
    func mqtt_3_3_4_3() {
        for expiry in [0, 60] as [UInt32] {
            #expect(
                Set(identified(expiry).flatMap(\.self)) == [1, 268_435_455], "expiry \(expiry)")
        }
    }

    @Test("MQTT-3.3.4-4 a single copy carries all identifiers")
    func mqtt_3_3_4_4() {
        for expiry in [0, 60] as [UInt32] {
            let copies = identified(expiry)
            if copies.count == 1 { #expect(copies == [[1, 268_435_455]], "expiry \(expiry)") }
        }
    }

    @Test("MQTT-3.3.4-5 several copies carry the identifier of their own subscription")
    func mqtt_3_3_4_5() {
        for expiry in [0, 60] as [UInt32] {
            let copies = identified(expiry)
            guard copies.count > 1 else { continue }
            #expect(copies.allSatisfy { $0.count <= 1 }, "expiry \(expiry)")
        }
    }

    @Test("MQTT-3.3.4-6 a subscription identifier from a client's PUBLISH ends the connection")
    func mqtt_3_3_4_6() { expectEnd(Bytes.publish(properties: [0x0B, 1]), 0x82) }

    @Test("MQTT-3.3.4-7 more QoS 2 messages at once than announced end the connection")
    func mqtt_3_3_4_7() {
        var limits = SessionLimits()
        limits.awaitingRelease = 3
        let stage = Stage(limits: limits)
        let (client, connack) = stage.join(Connect(version: .v5, clientID: "c"))
        var maximum = 65_535
        for case .receiveMaximum(let it) in connack?.properties ?? [] { maximum = Int(it) }
        for _ in 0..<maximum {
            stage.post(Publish(qos: .exactlyOnce, topic: "t", packetID: stage.id()), on: client)
        }
        #expect(stage.standing(client) == .open)
        stage.post(Publish(qos: .exactlyOnce, topic: "t", packetID: stage.id()), on: client)
        #expect(stage.standing(client) == .closed(0x93))
    }

    @Test("MQTT-3.3.4-9 no more messages are on their way than the client takes")
    func mqtt_3_3_4_9() {
        for expiry in [0, 60] as [UInt32] {
            let stage = Stage()
            let listener = stage.listener(
                "t", .exactlyOnce, [.receiveMaximum(3), .sessionExpiryInterval(expiry)])
            let publisher = stage.client("p")
            for number in 0..<10 {
                stage.publish(
                    "\(number)", to: "t", qos: number % 2 == 0 ? .atLeastOnce : .exactlyOnce,
                    from: publisher)
            }
            var onTheirWay = Set<PacketID>(), got = 0
            while case let packets = stage.take(listener), !packets.isEmpty {
                for packet in packets {
                    if case .publish(let it) = packet, let id = it.packetID {
                        onTheirWay.insert(id)
                        got += 1
                    }
                    #expect(onTheirWay.count <= 3)
                }
                for packet in packets {
                    if case .publish(let it) = packet, let id = it.packetID,
                        it.qos == .atLeastOnce
                    {
                        onTheirWay.remove(id)
                    }
                    if case .pubrel(let it) = packet { onTheirWay.remove(it.packetID) }
                    _ = stage.answer(packet, on: listener)
                }
            }
            #expect(got == 10, "expiry \(expiry)")
        }
    }

    @Test("MQTT-3.3.4-10 a full window holds back messages and nothing else")
    func mqtt_3_3_4_10() {
        let stage = Stage()
        let listener = stage.listener("t", .atLeastOnce, [.receiveMaximum(1)])
        for _ in 0..<3 { stage.publish("x", to: "t", from: listener) }
        let types = stage.take(listener).map(\.type)
        #expect(types.count { $0 == .puback } == 3)
        stage.send(.pingreq, on: listener)
        stage.publish("y", to: "u", qos: .exactlyOnce, from: listener)
        stage.subscribe(listener, "v")
        #expect(stage.standing(listener) == .open)
        let more = stage.client("m", [.receiveMaximum(1)])
        stage.subscribe(more, "#", .atLeastOnce)
        for _ in 0..<2 { stage.publish("x", to: "t", from: more) }
        _ = stage.take(more)
        stage.send(.pingreq, on: more)
        #expect(stage.take(more) == [.pingresp])
    }

    /// Reason codes of every answer to a publisher's handshakes, good and bad.
    private func answers(_ client: [Property] = []) -> [(PacketType, UInt8, [Property])] {
        let stage = Stage()
        let publisher = stage.client(client)
        for topic in ["t", "$SYS/x"] {
            for qos in [QoS.atLeastOnce, .exactlyOnce] {
                let id = stage.id()
                stage.post(Publish(qos: qos, topic: topic, packetID: id), on: publisher)
                if qos == .exactlyOnce {
                    stage.send(.pubrel(Acknowledgement(packetID: id)), on: publisher)
                }
            }
        }
        stage.send(.pubrel(Acknowledgement(packetID: stage.id())), on: publisher)
        stage.send(.pubrec(Acknowledgement(packetID: stage.id())), on: publisher)
        return stage.take(publisher).compactMap {
            switch $0 {
            case .puback(let it), .pubrec(let it), .pubrel(let it), .pubcomp(let it):
                ($0.type, it.reasonCode, it.properties)
            default: nil
            }
        }
    }

    /// MQTT 5.0, tables 3-4 and 3-5.
    private static let receipts: Set<UInt8> = [0, 0x10, 0x80, 0x83, 0x87, 0x90, 0x91, 0x97, 0x99]

    private func expectCodes(
        of type: PacketType, among codes: Set<UInt8>, at location: SourceLocation = #_sourceLocation
    ) {
        let found = answers().filter { $0.0 == type }.map(\.1)
        #expect(!found.isEmpty, sourceLocation: location)
        #expect(codes.isSuperset(of: found), "\(found)", sourceLocation: location)
    }

    /// To a client that takes 20 bytes, neither a reason string nor a user property may be added beyond.
    private func expectSmall(_ type: PacketType, at location: SourceLocation = #_sourceLocation) {
        let found = answers([.maximumPacketSize(20)]).filter { $0.0 == type }
        #expect(!found.isEmpty, sourceLocation: location)
        for (_, _, properties) in found {
            var bytes: [UInt8] = []
            let packet = Packet.auth(Auth(reasonCode: 0, properties: properties))
            packet.write(to: &bytes, version: .v5)
            // AUTH has a reason code and properties as an acknowledgement has, without the identifier
            #expect(bytes.count + 2 <= 20, sourceLocation: location)
        }
    }

    @Test("MQTT-3.4.2-1 PUBACK has a reason code of its own")
    func mqtt_3_4_2_1() { expectCodes(of: .puback, among: Self.receipts) }
    @Test("MQTT-3.4.2-2 no reason string makes PUBACK too large")
    func mqtt_3_4_2_2() { expectSmall(.puback) }
    @Test("MQTT-3.4.2-3 no user property makes PUBACK too large")
    func mqtt_3_4_2_3() { expectSmall(.puback) }

    @Test("MQTT-3.5.2-1 PUBREC has a reason code of its own")
    func mqtt_3_5_2_1() { expectCodes(of: .pubrec, among: Self.receipts) }
    @Test("MQTT-3.5.2-2 no reason string makes PUBREC too large")
    func mqtt_3_5_2_2() { expectSmall(.pubrec) }
    @Test("MQTT-3.5.2-3 no user property makes PUBREC too large")
    func mqtt_3_5_2_3() { expectSmall(.pubrec) }

    @Test("MQTT-3.6.1-1 flags of PUBREL other than 2 end the connection")
    func mqtt_3_6_1_1() {
        for flags in [0x60, 0x61, 0x63, 0x66, 0x6A] as [UInt8] {
            expectEnd([flags, 2, 0, 1], 0x81)
            expectEnd([flags, 2, 0, 1], version: .v3_1_1)
        }
    }
    @Test("MQTT-3.6.2-1 PUBREL has a reason code of its own")
    func mqtt_3_6_2_1() { expectCodes(of: .pubrel, among: [0, 0x92]) }
    @Test("MQTT-3.6.2-2 no reason string makes PUBREL too large")
    func mqtt_3_6_2_2() { expectSmall(.pubrel) }
    @Test("MQTT-3.6.2-3 no user property makes PUBREL too large")
    func mqtt_3_6_2_3() { expectSmall(.pubrel) }

    @Test("MQTT-3.7.2-1 PUBCOMP has a reason code of its own")
    func mqtt_3_7_2_1() { expectCodes(of: .pubcomp, among: [0, 0x92]) }
    @Test("MQTT-3.7.2-2 no reason string makes PUBCOMP too large")
    func mqtt_3_7_2_2() { expectSmall(.pubcomp) }
    @Test("MQTT-3.7.2-3 no user property makes PUBCOMP too large")
    func mqtt_3_7_2_3() { expectSmall(.pubcomp) }
}
