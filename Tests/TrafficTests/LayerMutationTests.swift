import Foundation
import MQTT
import Measure
import Testing
import Traffic

/// Damaged PROXY headers, WebSocket frames and TLS records end in counts: no crash, no hang.
struct LayerMutationTests {
    private static let root: UInt64 = 20_261_127
    private static let rounds =
        (ProcessInfo.processInfo.environment["DSTUNE_MUTATIONS"].flatMap(Int.init) ?? 6_000) / 10

    /// What was sent, before it was damaged, and the key log that opens it.
    private static func talk(_ kind: Int) -> (
        payloads: [(isClient: Bool, bytes: [UInt8])], keys: String
    )? {
        let cases = TLSDecryptionTests.cases
        var tls: TLSWire?
        var wire = Wire(brokerPort: 8_083)
        let connect = Packet.connect(Connect(version: .v5, clientID: "s")).bytes()
        let session = [
            Packet.reading("a/b", "1", qos: .atLeastOnce), .pingreq, .reading("c/d", "2"),
        ]
        if kind < cases.count {
            tls = TLSWire(cases[kind].version, suite: cases[kind].suite)
            tls?.handshake()
            tls?.send(.connect(Connect(version: .v5, clientID: "s")))
            for packet in session { tls?.send(packet) }
            tls?.finish()
            guard let tls else { return nil }
            wire = tls.wire
        } else {
            wire.handshake()
            let header = "PROXY TCP4 198.51.100.22 203.0.113.7 35646 1883\r\n"
            wire.client(Array(kind % 2 == 0 ? "".utf8 : header.utf8) + WebSocket.request())
            wire.broker(WebSocket.answer())
            wire.client(WebSocket.frame(connect, mask: 0x0102_0304))
            for packet in session {
                let bytes = packet.bytes(.v5)
                wire.client(WebSocket.frame(Array(bytes.prefix(3)), isFinal: false, mask: 9))
                wire.client(WebSocket.frame([1], opcode: 9, mask: 5))
                wire.client(WebSocket.frame(Array(bytes.dropFirst(3)), opcode: 0, mask: 8))
                wire.broker(WebSocket.frame(Packet.reading("x", "y").bytes(.v5)))
            }
        }
        let keys = tls?.keyLog ?? TLSWire(.v1_3, suite: 0x1301)?.keyLog ?? ""
        return (wire.payloads.filter { !$0.bytes.isEmpty }, keys)
    }

    private static func damaged(_ bytes: [UInt8], _ seed: inout Seed) -> [UInt8] {
        var bytes = bytes
        let at = Int.random(in: 0..<bytes.count, using: &seed)
        switch Int.random(in: 0..<5, using: &seed) {
        case 0: bytes[at] ^= 1 << UInt8.random(in: 0..<8, using: &seed)
        case 1: bytes[at] = .random(in: 0...255, using: &seed)
        case 2: bytes.removeSubrange(at...)
        case 3:
            bytes.replaceSubrange(
                at..<min(bytes.count, at + 8), with: [UInt8](repeating: 0xFF, count: 8))
        default: bytes.insert(contentsOf: bytes[at...], at: at)
        }
        return bytes
    }

    @Test(.timeLimit(.minutes(2))) func damagedLayersEndInCounts() throws {
        var (read, refused) = (0, 0)
        let talks = (0..<TLSDecryptionTests.cases.count + 2).compactMap { Self.talk($0) }
        for round in 0..<Self.rounds {
            var seed = Seed(Self.root).branch("layers \(round)")
            let (payloads, keys) = talks[round % talks.count]
            var wire = Wire(brokerPort: 8_083)
            if Bool.random(using: &seed) { wire.handshake() }
            for (number, payload) in payloads.enumerated() {
                // Lost, moved, cut or damaged
                var bytes = payload.bytes
                if Int.random(in: 0..<payloads.count, using: &seed) < 2 {
                    bytes = Self.damaged(bytes, &seed)
                }
                let fate = Int.random(in: 0..<20, using: &seed)
                if fate == 0 {
                    if payload.isClient { wire.clientSequence &+= UInt32(bytes.count) }
                    continue
                }
                wire.send((payload.isClient, bytes))
                let count = wire.frames.count
                if fate == 1, number > 0, count > 1 { wire.frames.swapAt(count - 1, count - 2) }
            }
            do {
                _ = try inspect(wire, keyLog: keys)
                read += 1
            } catch is CaptureError { refused += 1 }
        }
        #expect(read > Self.rounds / 5, "\(read) of \(Self.rounds)")
        #expect(refused > 0)
    }
}
