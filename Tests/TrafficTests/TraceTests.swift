import MQTT
import Measure
import Testing
import Traffic

struct TraceTests {
    @Test func traceHoldsWhatTheClientSentInOrder() throws {
        let id = try #require(PacketID(7))
        var wire = Wire()
        wire.connect(Connect(version: .v5, clientID: "sensor", keepAlive: 60))
        wire.client(.reading("a", "1", qos: .exactlyOnce), version: .v5)
        wire.broker(.pubrec(Acknowledgement(packetID: id)), .reading("c", "9"), version: .v5)
        wire.client(.pubrel(Acknowledgement(packetID: id)), version: .v5)
        wire.client(
            .subscribe(
                Subscribe(
                    packetID: id, subscriptions: [Subscription(filter: "c/#", qos: .atLeastOnce)])),
            version: .v5)
        wire.client(
            .pingreq, .disconnect(Disconnect(properties: [.sessionExpiryInterval(0)])), version: .v5
        )
        wire.finish()
        let (trace, inspection) = try load(wire)
        #expect(inspection.packets["PUBLISH"] == 2)
        #expect(
            trace.connections == [
                Trace.Connection(
                    clientID: "sensor", version: .v5,
                    peer: Endpoint(address: [192, 0, 2, 7], port: 50_000), connectSeen: true)
            ])
        var types: [PacketType] = []
        for event in trace.events {
            guard case .packet(let packet) = event.kind else { continue }
            types.append(packet.type)
            let bytes = Array(trace.packets[packet.bytes])
            if packet.packetIDOffset > 0 {
                #expect(bytes[packet.packetIDOffset...].prefix(2) == [0, 7], "\(packet.type)")
            }
            #expect(
                (packet.packetIDOffset > 0)
                    == [.publish, .pubrel, .subscribe].contains(packet.type))
            #expect(packet.qos == (packet.type == .publish ? .exactlyOnce : .atMostOnce))
        }
        #expect(types == [.connect, .publish, .pubrel, .subscribe, .pingreq, .disconnect])
        #expect(types.filter(\.answersTheBroker) == [.pubrel])
        #expect(trace.events.first?.kind == .opened)
        #expect(trace.events.first?.offset == .zero)
        #expect(trace.events.last?.kind == .closed)
        #expect(trace.events.last?.ending == .disconnect)
        #expect(trace.duration == Nanoseconds.milliseconds(6))
    }

    @Test(arguments: [ProtocolVersion.v3_1_1, .v5]) func secretsAreNotKept(
        _ version: ProtocolVersion
    ) throws {
        let secret = Array("hunter2-hunter2".utf8)
        var connect = Connect(
            version: version, clientID: "sensor", keepAlive: 60, username: "max", hasPassword: true)
        if version == .v5 {
            connect.properties = [
                .authenticationMethod("SCRAM"), .authenticationData(secret), .receiveMaximum(20),
            ]
        }
        var bytes: [UInt8] = []
        connect.write(to: &bytes, password: secret)
        var wire = Wire()
        wire.handshake()
        wire.client(bytes)
        if version == .v5 {
            wire.client(
                .auth(Auth(reasonCode: 0x18, properties: [.authenticationData(secret)])),
                version: .v5)
        }
        let (trace, _) = try load(wire)
        #expect(trace.packets.firstRange(of: secret) == nil)
        guard case .packet(let packet) = trace.events[1].kind,
            case .connect(let kept) = try trace.parse(packet, on: 0)
        else {
            Issue.record("no CONNECT")
            return
        }
        #expect(kept.username == "max")
        #expect(kept.keepAlive == 60)
        #expect(!kept.hasPassword)
        #expect(
            kept.properties
                == (version == .v5 ? [.authenticationMethod("SCRAM"), .receiveMaximum(20)] : []))
    }

    @Test func connectionWithoutConnectGetsADeclaredOne() throws {
        var wire = Wire()
        wire.client(.pingreq, version: .v5)
        // Only now the version shows.
        wire.client(.reading("a", "{}"), version: .v5)
        let (trace, _) = try load(wire)
        #expect(trace.connections.first?.connectSeen == false)
        let kinds = trace.events.map(\.kind)
        guard case .packet(let packet) = kinds[1],
            case .connect(let connect) = try trace.parse(packet, on: 0)
        else {
            Issue.record("no CONNECT")
            return
        }
        #expect(connect == Connect(version: .v5, clientID: "", cleanStart: true))
        #expect(kinds.count == 5)
        #expect(try trace.publishes().map(\.topic) == ["a"])
    }

    enum End: CaseIterable { case disconnect, fin, reset, brokerFin, none }

    @Test(arguments: End.allCases) func endingIsRemembered(_ end: End) throws {
        var wire = Wire()
        wire.connect()
        let expected: Ending
        switch end {
        case .disconnect:
            wire.client(.disconnect(Disconnect()))
            wire.finish()
            expected = .disconnect
        case .fin:
            wire.finish()
            expected = .fin
        case .reset:
            wire.segment(toBroker: true, [], .rst, at: wire.clientSequence)
            expected = .reset
        case .brokerFin:
            wire.segment(toBroker: false, [], [.fin, .ack], at: wire.brokerSequence)
            expected = .fin
        case .none: expected = .endOfCapture
        }
        let (trace, _) = try load(wire)
        #expect(trace.events.compactMap(\.ending) == [expected])
    }

    @Test func eventsOfManyConnectionsAreInOrderOfTime() throws {
        var frames: [TestFrame] = []
        for number in 0..<10 {
            var wire = Wire(clientPort: 50_000 + UInt16(number))
            wire.time += UInt64(number) * 300_000
            wire.connect(Connect(version: .v3_1_1, clientID: "sensor \(number)"))
            for _ in 0..<10 { wire.client(.reading()) }
            frames += wire.frames
        }
        frames.sort { $0.time < $1.time }
        let trace = try withFile(CaptureFile.pcapng(frames)) {
            try Trace.load(captures: [$0]).trace
        }
        #expect(zip(trace.events, trace.events.dropFirst()).allSatisfy { $0.offset <= $1.offset })
        #expect(trace.events.count == 10 * (1 + 1 + 10 + 1))
        for number in 0..<10 {
            let own = trace.events.filter { $0.connection == number }
            #expect(own.first?.kind == .opened)
            #expect(own.last?.kind == .closed)
        }
    }
}
