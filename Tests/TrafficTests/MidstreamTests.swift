import MQTT
import Measure
import Testing
import Traffic

/// Connections that were open before the capture began, on ports that say nothing.
struct MidstreamTests {
    private func subscribe(_ filter: String) -> Packet {
        .subscribe(
            Subscribe(
                packetID: PacketID(9).unsafelyUnwrapped,
                subscriptions: [Subscription(filter: filter, qos: .atLeastOnce)]))
    }

    @Test(arguments: [ProtocolVersion.v3_1_1, .v5]) func packetsAreFoundOnAnyPort(
        _ version: ProtocolVersion
    ) throws {
        var wire = Wire(brokerPort: 2_883)
        for number in 0..<5 {
            wire.client(.reading("a/b", "\(number)", qos: .atLeastOnce), version: version)
            wire.broker(
                .puback(Acknowledgement(packetID: PacketID(7).unsafelyUnwrapped)), version: version)
        }
        let (trace, inspection) = try load(wire)
        #expect(inspection.packets["PUBLISH"] == 5)
        #expect(inspection.packets["PUBACK"] == 5)
        #expect(inspection.malformedPackets == 0)
        #expect(inspection.quality.connectionsWithoutConnect == 1)
        let connection = try #require(trace.connections.first)
        #expect(connection.peer.port == wire.clientPort)
        #expect(connection.version == version)
        #expect(!connection.connectSeen)
    }

    /// The beginning of the capture lies inside a packet.
    @Test func packetsAreFoundBehindTheEndOfAnother() throws {
        let first = Packet.reading("a", String(repeating: "0#2 @@ 10 ", count: 40)).bytes()
        var wire = Wire(brokerPort: 2_883)
        wire.client(Array(first[100...]))
        for number in 0..<3 { wire.client(.reading("a/b", "\(number)")) }
        #expect(try inspect(wire).packets["PUBLISH"] == 3)
    }

    /// Ports would say the opposite.
    @Test func whoIsTheClientFollowsFromWhatIsSent() throws {
        var wire = Wire(clientPort: 2_883, brokerPort: 50_000)
        wire.client(.pingreq)
        wire.broker(.pingresp)
        wire.broker(.reading("a", "1"))
        let (trace, inspection) = try load(wire)
        #expect(inspection.packets["PUBLISH"] == 1)
        #expect(trace.connections.map(\.peer.port) == [2_883])
        #expect(try trace.publishes().isEmpty)
    }

    @Test func endThatWasABrokerBeforeIsOne() throws {
        var wire = Wire(clientPort: 60_000, brokerPort: 50_000)
        wire.connect()
        var open = Wire(clientPort: 40_000, brokerPort: 50_000)
        open.time = wire.time
        for number in 0..<3 { open.client(.reading("a", "\(number)")) }
        wire.frames += open.frames
        let (trace, _) = try load(wire)
        #expect(trace.connections.map(\.peer.port) == [60_000, 40_000])
    }

    /// Ports were all there was, and wrong.
    @Test func laterEvidenceCorrectsAGuess() throws {
        var wire = Wire(clientPort: 2_883, brokerPort: 50_000)
        wire.client(.reading("a", "1"), .reading("a", "2"))
        wire.client(.pingreq)
        wire.broker(.pingresp)
        wire.client(.reading("a", "3"))
        let (trace, inspection) = try load(wire)
        #expect(inspection.packets["PUBLISH"] == 3)
        #expect(inspection.packets["PINGREQ"] == 1)
        #expect(inspection.malformedPackets == 0)
        #expect(trace.connections.last?.peer.port == 2_883)
        #expect(try trace.publishes().count == 1)
    }

    /// A CONNECT that was lost does not hide the rest, on any port.
    @Test func lostConnectOnAnyPortIsNoticed() throws {
        var wire = Wire(brokerPort: 2_883)
        wire.connect(Connect(version: .v5, clientID: "sensor"))
        wire.frames.remove(at: 2)
        for number in 0..<3 { wire.client(.reading("a", "\(number)"), version: .v5) }
        wire.client(.disconnect(Disconnect()), version: .v5)
        wire.finish()
        let inspection = try inspect(wire)
        #expect(inspection.packets["PUBLISH"] == 3)
        #expect(inspection.packets["DISCONNECT"] == 1)
        #expect(inspection.quality.connectionsWithoutConnect == 1)
        #expect(inspection.quality.lostBytes > 0)
    }

    /// Nothing is found in what is not MQTT.
    @Test func noiseIsNoMQTT() throws {
        var wire = Wire()
        wire.connect()
        for stream in 0..<200 {
            var seed = Seed(20_261_125).branch("noise \(stream)")
            var noise = Wire(clientPort: 10_000 + UInt16(stream), brokerPort: 4_000)
            for _ in 0..<20 {
                let count = Int.random(in: 1...60, using: &seed)
                let bytes = (0..<count).map { _ in UInt8.random(in: 0...255, using: &seed) }
                if Bool.random(using: &seed) { noise.client(bytes) } else { noise.broker(bytes) }
            }
            wire.frames += noise.frames
        }
        let lines = ["220 ready", "0 OK", "EHLO 1", "250-SIZE 1000", "2 FETCH", "SSH-2.0-x\r\n"]
        for (number, line) in lines.enumerated() {
            var text = Wire(clientPort: 20_000 + UInt16(number), brokerPort: 4_000)
            for _ in 0..<20 {
                text.client(Array(line.utf8))
                text.broker(Array(line.utf8))
            }
            wire.frames += text.frames
        }
        let inspection = try inspect(wire)
        #expect(inspection.tcpStreams == 1)
        #expect(inspection.packets.values.reduce(0, +) == 2)
    }
}
