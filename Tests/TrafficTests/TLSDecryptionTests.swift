import MQTT
import Testing
import Traffic

/// MQTT inside TLS, with a key log and without.
struct TLSDecryptionTests {
    struct Case: CustomTestStringConvertible {
        let version: TLSWire.Version
        let suite: UInt16

        var testDescription: String { "\(version) \(String(suite, radix: 16))" }
        func wire(seed: UInt8 = 1) throws -> TLSWire {
            try #require(TLSWire(version, suite: suite, seed: seed))
        }
    }

    /// AES-128-GCM, AES-256-GCM and ChaCha20-Poly1305 of both versions.
    static let cases = [
        Case(version: .v1_2, suite: 0xC02F), Case(version: .v1_2, suite: 0x009D),
        Case(version: .v1_2, suite: 0xCCA8), Case(version: .v1_3, suite: 0x1301),
        Case(version: .v1_3, suite: 0x1302), Case(version: .v1_3, suite: 0x1303),
    ]

    private static func talk(_ tls: inout TLSWire) {
        tls.send(.connect(Connect(version: .v5, clientID: "sensor")))
        tls.answer(.connack(Connack()))
        for number in 0..<5 { tls.send(.reading("a", "\(number)", qos: .atLeastOnce)) }
        tls.send(.pingreq)
        tls.answer(.pingresp)
        tls.send(.disconnect(Disconnect()))
        tls.finish()
    }

    private func expectTalk(_ inspection: Inspection) {
        #expect(inspection.tcpStreams == 1)
        #expect(inspection.packets["CONNECT"] == 1)
        #expect(inspection.packets["CONNACK"] == 1)
        #expect(inspection.packets["PUBLISH"] == 5)
        #expect(inspection.packets["PINGRESP"] == 1)
        #expect(inspection.packets["DISCONNECT"] == 1)
        #expect(inspection.malformedPackets == 0)
        #expect(inspection.quality.encryptedConnections == 0)
        #expect(inspection.quality.verdict == .good)
    }

    @Test(arguments: cases) func keyLogOpensIt(_ test: Case) throws {
        var tls = try test.wire()
        tls.handshake()
        Self.talk(&tls)
        expectTalk(try inspect(tls.wire, keyLog: "# a comment\n" + tls.keyLog))
    }

    @Test(arguments: cases, [4, 70, 1_448]) func recordsMaySpanSegments(
        _ test: Case, _ size: Int
    ) throws {
        var tls = try test.wire()
        tls.handshake()
        Self.talk(&tls)
        var pieces = Wire(brokerPort: 8883)
        pieces.handshake()
        for (isClient, bytes) in tls.wire.payloads {
            for start in stride(from: 0, to: bytes.count, by: size) {
                pieces.send((isClient, Array(bytes[start..<min(start + size, bytes.count)])))
            }
        }
        expectTalk(try inspect(pieces, keyLog: tls.keyLog))
    }

    @Test(arguments: cases[3...]) func handshakeWithASecondHelloIsFollowed(_ test: Case) throws {
        var tls = try test.wire()
        tls.handshake(retries: true)
        Self.talk(&tls)
        expectTalk(try inspect(tls.wire, keyLog: tls.keyLog))
    }

    /// Secrets of the handshake are of no use by themselves.
    @Test(arguments: cases[3...]) func secretsOfApplicationDataAreEnough(_ test: Case) throws {
        var tls = try test.wire()
        tls.handshake()
        Self.talk(&tls)
        expectTalk(try inspect(tls.wire, keyLog: tls.shortKeyLog))
    }

    @Test(arguments: cases[3...]) func updatedKeysAreFollowed(_ test: Case) throws {
        var tls = try test.wire()
        tls.handshake()
        tls.send(.connect(Connect(version: .v5, clientID: "sensor")))
        for number in 0..<3 {
            tls.updateKeys()
            tls.send(.reading("a", "\(number)"))
        }
        let inspection = try inspect(tls.wire, keyLog: tls.keyLog)
        #expect(inspection.packets["PUBLISH"] == 3)
        #expect(inspection.quality.verdict == .good)
    }

    @Test(arguments: cases) func webSocketAndProxyMayBeAroundAndInside(_ test: Case) throws {
        var tls = try test.wire()
        tls.handshake()
        let header = Array("PROXY TCP4 198.51.100.22 203.0.113.7 35646 8084\r\n".utf8)
        var wire = Wire(brokerPort: 8883)
        wire.handshake()
        for (index, payload) in tls.wire.payloads.dropFirst(2).enumerated() {
            // In one segment with the ClientHello
            wire.send((payload.isClient, (index == 0 ? header : []) + payload.bytes))
        }
        wire.client(tls.seal(true, 23, WebSocket.request()))
        wire.broker(tls.seal(false, 23, WebSocket.answer()))
        let connect = Packet.connect(Connect(version: .v5, clientID: "sensor")).bytes()
        wire.client(tls.seal(true, 23, WebSocket.frame(connect, mask: 0x0A0B_0C0D)))
        let reading = Packet.reading("a", "1").bytes(.v5)
        wire.client(tls.seal(true, 23, WebSocket.frame(reading, mask: 0x0A0B_0C0D)))
        let frames = CaptureFile.pcap(wire.frames)
        try withFile(Array(tls.keyLog.utf8), named: "keys.log") { keys in
            try withFile(frames) { path in
                let (trace, inspection) = try Trace.load(
                    captures: [path], options: ReadingOptions(tlsKeyLog: keys))
                #expect(inspection.packets["CONNECT"] == 1)
                #expect(inspection.packets["PUBLISH"] == 1)
                #expect(inspection.quality.verdict == .good)
                #expect(
                    trace.connections.map(\.peer)
                        == [Endpoint(address: [198, 51, 100, 22], port: 35_646)])
            }
        }
    }

    /// A lost segment costs the records in it and no more.
    @Test(arguments: cases, [1, 3]) func recordsAreOpenedAfterAGap(_ test: Case, _ lost: Int) throws
    {
        var tls = try test.wire()
        tls.handshake()
        tls.send(.connect(Connect(version: .v5, clientID: "sensor")))
        tls.answer(.connack(Connack()))
        let first = tls.wire.frames.count
        for number in 0..<10 { tls.send(.reading("a/b", "value \(number)", qos: .atLeastOnce)) }
        tls.finish()
        tls.wire.frames.removeSubrange(first + 3..<first + 3 + lost)
        let inspection = try inspect(tls.wire, keyLog: tls.keyLog)
        #expect(inspection.packets["PUBLISH"] == 10 - lost)
        #expect(inspection.malformedPackets == 0)
        #expect(inspection.quality.lostBytes > 0)
    }

    // What cannot be decrypted is counted, and why is said.

    private func reasons(_ tls: TLSWire, _ keyLog: String?) throws -> [String] {
        var plain = Wire(clientPort: 51_000)
        plain.connect()
        plain.frames += tls.wire.frames
        let inspection = try keyLog.map { try inspect(plain, keyLog: $0) } ?? inspect(plain)
        #expect(inspection.tcpStreams == 1)
        #expect(inspection.quality.encryptedConnections == 1)
        #expect(inspection.quality.verdict == .usable)
        return inspection.quality.reasons
    }

    @Test(arguments: cases) func reasonsAreGiven(_ test: Case) throws {
        var tls = try test.wire()
        tls.handshake()
        Self.talk(&tls)
        let other = try test.wire(seed: 99).keyLog
        #expect(try reasons(tls, nil).contains { $0.contains("without a key log (--tls-key-log)") })
        #expect(try reasons(tls, other).contains { $0.contains("have no secrets in the key log") })
        // The right name with the wrong secret
        let wrong = tls.keyLog.split(separator: "\n").map {
            $0.dropLast(2) + ($0.hasSuffix("00") ? "01" : "00")
        }.joined(separator: "\n")
        #expect(
            try reasons(tls, wrong).contains { $0.contains("not opened by their secrets") })
    }

    @Test func suitesThatAreNotDecryptedAreNamed() throws {
        let tls = try #require(TLSWire(.v1_2, suite: 0xC02F))
        var wire = Wire(clientPort: 51_000)
        wire.connect()
        var old = Wire(brokerPort: 8883)
        old.handshake()
        let hello = [3, 3] + tls.clientRandom + [0, 0, 2, 0xC0, 0x13, 1, 0]
        old.client(TLSWire.record(22, TLSWire.message(1, hello)))
        let answer = [3, 3] + tls.serverRandom + [0, 0xC0, 0x13, 0]
        old.broker(TLSWire.record(22, TLSWire.message(2, answer)))
        wire.frames += old.frames
        let quality = try inspect(wire, keyLog: tls.keyLog).quality
        #expect(quality.encryptedConnections == 1)
        #expect(quality.reasons.contains { $0.contains("use cipher suite 0xC013") })
    }

    @Test func connectionThatBeganBeforeIsCounted() throws {
        var tls = try #require(TLSWire(.v1_3, suite: 0x1301))
        tls.handshake()
        Self.talk(&tls)
        tls.wire.frames.removeFirst(8)
        #expect(
            try reasons(tls, tls.keyLog).contains { $0.contains("open before the capture began") })
    }

    @Test func damagedKeyLogIsRefusedByLine() throws {
        var wire = Wire()
        wire.connect()
        let tls = try #require(TLSWire(.v1_2, suite: 0xC02F))
        let bad: [(String, Int, String)] = [
            ("\n# nothing\n", 3, "holds no secret"), (tls.keyLog + "what is this\n", 2, "label"),
            ("CLIENT_RANDOM 00 11\n", 1, "64 hexadecimal digits"),
            (tls.keyLog.dropLast(3) + "\n", 1, "64 or 96 hexadecimal digits"),
        ]
        for (keyLog, line, why) in bad {
            let error = #expect(throws: CaptureError.self) { try inspect(wire, keyLog: keyLog) }
            guard case .damagedKeyLog(let path, line, let reason) = error else {
                Issue.record("\(String(describing: error))")
                continue
            }
            #expect(path.hasSuffix("keys.log"))
            #expect(reason.contains(why))
        }
    }
}
