import Crypto
import Foundation
import MQTT
import Traffic

/// Both ends of a TLS connection, which seal what they send with secrets of the test's own. How keys follow
/// from secrets is held to published vectors and to real clients elsewhere.
struct TLSWire {
    enum Version { case v1_2, v1_3 }

    let version: Version
    let number: UInt16
    let suite: TLSSuite
    var wire: Wire
    /// 32 bytes each.
    let clientRandom: [UInt8]
    let serverRandom: [UInt8]
    private let master = [UInt8](repeating: 0x4D, count: 48)
    private var client: Sealer?
    private var server: Sealer?
    private var clientSecret: [UInt8] = []
    private var serverSecret: [UInt8] = []

    init?(
        _ version: Version, suite number: UInt16, seed: UInt8 = 1,
        wire: Wire = Wire(brokerPort: 8883)
    ) {
        let suite = version == .v1_2 ? TLSSuite(tls1_2: number) : TLSSuite(tls1_3: number)
        guard let suite else { return nil }
        (self.version, self.number, self.suite, self.wire) = (version, number, suite, wire)
        clientRandom = (0..<32).map { $0 &* 3 &+ seed }
        serverRandom = (0..<32).map { $0 &* 7 &+ seed }
    }

    private struct Sealer {
        let suite: TLSSuite
        let keys: TLSKeys
        let isTLS1_3: Bool
        var sequence: UInt64 = 0

        mutating func seal(_ content: UInt8, _ plain: [UInt8]) -> [UInt8] {
            defer { sequence += 1 }
            var nonce = keys.iv
            let explicit = keys.iv.count == 4 ? sequence.wire : []
            if keys.iv.count == 4 {
                nonce += explicit
            } else {
                for (index, byte) in sequence.wire.enumerated() { nonce[4 + index] ^= byte }
            }
            // Padding of three zeros
            let inner = isTLS1_3 ? plain + [content, 0, 0, 0] : plain
            let type = isTLS1_3 ? 23 : content
            let length = UInt16(inner.count + 16 + explicit.count)
            let header = [type, 3, 3] + length.wire
            let authenticated =
                isTLS1_3 ? header : sequence.wire + [type, 3, 3] + UInt16(plain.count).wire
            let key = SymmetricKey(data: keys.key)
            do {
                if suite == TLSSuite(tls1_3: 0x1303) {
                    let box = try ChaChaPoly.seal(
                        inner, using: key, nonce: ChaChaPoly.Nonce(data: nonce),
                        authenticating: authenticated)
                    return header + explicit + box.ciphertext + box.tag
                }
                let box = try AES.GCM.seal(
                    inner, using: key, nonce: AES.GCM.Nonce(data: nonce),
                    authenticating: authenticated)
                return header + explicit + box.ciphertext + box.tag
            } catch { preconditionFailure("\(error)") }
        }
    }

    private func secret(_ name: String) -> [UInt8] {
        let bytes = Array(name.utf8) + clientRandom
        return suite == TLSSuite(tls1_3: 0x1302)
            ? Array(SHA384.hash(data: bytes)) : Array(SHA256.hash(data: bytes))
    }

    /// What an NSS key log says of it.
    var keyLog: String {
        func hex(_ bytes: [UInt8]) -> String { bytes.map { String(format: "%02x", $0) }.joined() }
        let random = hex(clientRandom)
        if version == .v1_2 { return "CLIENT_RANDOM \(random) \(hex(master))\n" }
        return [
            "CLIENT_HANDSHAKE_TRAFFIC_SECRET", "SERVER_HANDSHAKE_TRAFFIC_SECRET",
            "CLIENT_TRAFFIC_SECRET_0", "SERVER_TRAFFIC_SECRET_0", "EXPORTER_SECRET",
        ].map { "\($0) \(random) \(hex(secret($0)))\n" }.joined()
    }

    /// Of application data only.
    var shortKeyLog: String {
        keyLog.split(separator: "\n").filter { !$0.contains("HANDSHAKE") }.joined(separator: "\n")
            + "\n"
    }

    static func record(_ type: UInt8, _ fragment: [UInt8]) -> [UInt8] {
        [type, 3, type == 22 ? 1 : 3] + UInt16(fragment.count).wire + fragment
    }

    static func message(_ type: UInt8, _ body: [UInt8]) -> [UInt8] {
        [type, 0] + UInt16(body.count).wire + body
    }

    private var clientHello: [UInt8] {
        let body = [3, 3] + clientRandom + [0] + [0, 2] + number.wire + [1, 0] + [0, 0]
        return Self.record(22, Self.message(1, body))
    }

    private func serverHello(_ random: [UInt8]) -> [UInt8] {
        let versions: [UInt8] = version == .v1_3 ? [0, 6, 0, 43, 0, 2, 3, 4] : [0, 0]
        let body = [3, 3] + random + [0] + number.wire + [0] + versions
        return Self.message(2, body)
    }

    /// SHA-256 of "HelloRetryRequest".
    private static let retry = Array(SHA256.hash(data: Array("HelloRetryRequest".utf8)))

    /// - Parameter retries: the server first asks for another ClientHello.
    mutating func handshake(retries: Bool = false) {
        wire.handshake()
        wire.client(clientHello)
        if retries {
            wire.broker(Self.record(22, serverHello(Self.retry)))
            wire.client(Self.record(20, [1]) + clientHello)
        }
        if version == .v1_2 { handshake1_2() } else { handshake1_3() }
    }

    private mutating func handshake1_2() {
        let certificate = Self.message(11, [UInt8](repeating: 0x33, count: 3_000))
        let flight = serverHello(serverRandom) + certificate + Self.message(14, [])
        // Messages that share records and span them
        wire.broker(
            Self.record(22, Array(flight[..<1_000])) + Self.record(22, Array(flight[1_000...])))
        let keys = suite.keys(master: master, client: clientRandom, server: serverRandom)
        client = Sealer(suite: suite, keys: keys.client, isTLS1_3: false)
        server = Sealer(suite: suite, keys: keys.server, isTLS1_3: false)
        let finished = Self.message(20, [UInt8](repeating: 0x14, count: 12))
        wire.client(
            Self.record(22, Self.message(16, [UInt8](repeating: 5, count: 65)))
                + Self.record(20, [1])
                + seal(true, 22, finished))
        wire.broker(Self.record(20, [1]) + seal(false, 22, finished))
    }

    private mutating func handshake1_3() {
        setSecrets("HANDSHAKE_TRAFFIC_SECRET")
        let size = suite == TLSSuite(tls1_3: 0x1302) ? 48 : 32
        let finished = Self.message(20, [UInt8](repeating: 0x14, count: size))
        let certificate = Self.message(11, [UInt8](repeating: 0x33, count: 3_000))
        let flight = Self.message(8, [0, 0]) + certificate + finished
        wire.broker(
            Self.record(22, serverHello(serverRandom)) + Self.record(20, [1])
                + seal(false, 22, Array(flight[..<1_000]))
                + seal(false, 22, Array(flight[1_000...])))
        wire.client(Self.record(20, [1]) + seal(true, 22, finished))
        setSecrets("TRAFFIC_SECRET_0")
        // A ticket for later
        wire.broker(seal(false, 22, Self.message(4, [UInt8](repeating: 9, count: 200))))
    }

    private mutating func setSecrets(_ name: String) {
        clientSecret = secret("CLIENT_" + name)
        serverSecret = secret("SERVER_" + name)
        client = Sealer(suite: suite, keys: suite.keys(secret: clientSecret), isTLS1_3: true)
        server = Sealer(suite: suite, keys: suite.keys(secret: serverSecret), isTLS1_3: true)
    }

    /// - Parameter content: 22 handshake, 23 application data, 21 alert.
    mutating func seal(_ isClient: Bool, _ content: UInt8, _ bytes: [UInt8]) -> [UInt8] {
        (isClient ? client?.seal(content, bytes) : server?.seal(content, bytes)) ?? []
    }

    mutating func send(_ packets: Packet..., version: ProtocolVersion = .v5) {
        wire.client(seal(true, 23, packets.flatMap { $0.bytes(version) }))
    }

    mutating func answer(_ packets: Packet..., version: ProtocolVersion = .v5) {
        wire.broker(seal(false, 23, packets.flatMap { $0.bytes(version) }))
    }

    /// The client goes on with new keys.
    mutating func updateKeys() {
        wire.client(seal(true, 22, Self.message(24, [0])))
        clientSecret = suite.next(secret: clientSecret)
        client = Sealer(suite: suite, keys: suite.keys(secret: clientSecret), isTLS1_3: true)
    }

    mutating func finish() {
        wire.client(seal(true, 21, [1, 0]))
        wire.broker(seal(false, 21, [1, 0]))
        wire.finish()
    }
}

extension Wire {
    /// What was sent, segment by segment, on Ethernet.
    var payloads: [(isClient: Bool, bytes: [UInt8])] {
        frames.map { frame in
            // Ethernet has 14 bytes, IP and TCP 20 each, and short frames are padded.
            let length = (Int(frame.bytes[16]) << 8 | Int(frame.bytes[17])) - 40
            return (
                frame.bytes[34...35].elementsEqual(clientPort.wire),
                Array(frame.bytes[54..<54 + length])
            )
        }
    }

    mutating func send(_ payload: (isClient: Bool, bytes: [UInt8])) {
        if payload.isClient { client(payload.bytes) } else { broker(payload.bytes) }
    }
}

func inspect(_ wire: Wire, keyLog: String) throws -> Inspection {
    try withFile(Array(keyLog.utf8), named: "keys.log") { keys in
        try withFile(CaptureFile.pcap(wire.frames, link: wire.link.number)) {
            try Inspection(captures: [$0], options: ReadingOptions(tlsKeyLog: keys))
        }
    }
}
