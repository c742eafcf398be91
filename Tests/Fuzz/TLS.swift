import MQTT
import Traffic

/// Bytes as what both ends of a TLS connection do whose secrets are in the capture: the first says which suite
/// and how the handshake goes; each step is a record, sealed or not, whole, in pieces, damaged or lost.
@c(LLVMFuzzerTestOneInput)
public func fuzz(_ bytes: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    var script = Script(bytes, count)
    let head = script.byte()
    let piece = Int(script.byte())
    let (version, suite) = suites[Int(head & 7) % suites.count]
    let start = Wire(brokerPort: 8_883, link: .raw)
    guard var tls = TLSWire(version, suite: suite, wire: start) else { return 0 }
    let keyLog = head & 8 == 0 ? tls.keyLog : tls.shortKeyLog
    if head & 16 == 0 { tls.handshake(retries: head & 32 != 0) }
    while let step = script.step() { take(step, piece, &tls) }
    tls.finish()
    var file = CaptureFile.Blocks()
    file.section()
    file.interface(link: UInt16(tls.wire.link.number))
    // A Decryption Secrets Block, of type "TLSK"
    file.block(10, file.four(0x544C_534B) + file.four(UInt32(keyLog.utf8.count)) + keyLog.utf8)
    for frame in tls.wire.frames { file.packet(frame.bytes, ticks: frame.time / 1_000) }
    _ = try? DecodingCount(bytes: file.bytes, name: "fuzz")
    return 0
}

/// AES-128-GCM, AES-256-GCM and ChaCha20-Poly1305 of both versions.
private let suites: [(TLSWire.Version, UInt16)] = [
    (.v1_2, 0xC02F), (.v1_2, 0x009D), (.v1_2, 0xCCA8), (.v1_3, 0x1301), (.v1_3, 0x1302),
    (.v1_3, 0x1303),
]

private enum Order: UInt8, CaseIterable {
    case data, handshake, alert
    /// A record that is not sealed.
    case open
    /// What is no record.
    case bare
    case damaged
    case lost
    case updateOfKeys

    static let fromBroker: UInt8 = 8
}

private func take(_ step: Script.Step, _ piece: Int, _ tls: inout TLSWire) {
    let isClient = step.orders & Order.fromBroker == 0
    let content = step.content
    switch Order.allCases[Int(step.orders & 7)] {
    case .data: tls.wire.send(isClient, tls.seal(isClient, 23, content), piece)
    case .handshake: tls.wire.send(isClient, tls.seal(isClient, 22, content), piece)
    case .alert: tls.wire.send(isClient, tls.seal(isClient, 21, content), piece)
    case .open:
        let type = content.first ?? 0
        tls.wire.send(isClient, TLSWire.record(type, Array(content.dropFirst())), piece)
    case .bare: tls.wire.send(isClient, content, piece)
    case .damaged:
        var record = tls.seal(isClient, 23, content)
        if let place = content.first, !record.isEmpty {
            record[Int(place) % record.count] ^= 0x10
        }
        tls.wire.send(isClient, record, piece)
    case .lost: tls.wire.skip(isClient, tls.seal(isClient, 23, content).count)
    case .updateOfKeys: tls.updateKeys()
    }
}

@c(LLVMFuzzerInitialize)
public func initialize(
    _ count: UnsafeMutablePointer<CInt>?,
    _ arguments: UnsafeMutablePointer<UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>?>?
) -> CInt {
    let connect = Packet.connect(Connect(version: .v5, clientID: "s")).bytes(.v5)
    let reading = Packet.reading("a/b", "1", qos: .atLeastOnce).bytes(.v5)
    let steps = [
        Script.Step(orders: 0, content: connect),
        Script.Step(orders: 8, content: Packet.connack(Connack()).bytes(.v5)),
        Script.Step(orders: 0, content: reading),
        Script.Step(orders: 5, content: reading),
        Script.Step(orders: 6, content: reading),
        Script.Step(orders: 0, content: Array(reading.prefix(4))),
        Script.Step(orders: 0, content: Array(reading.dropFirst(4))),
        Script.Step(orders: 3, content: [22, 1, 0, 0, 2, 3, 3]),
        Script.Step(orders: 1 | 8, content: [4, 0, 0, 1, 0]),
        Script.Step(orders: 7, content: []),
        Script.Step(orders: 0, content: reading),
        Script.Step(orders: 4, content: [23, 3, 3, 0, 5, 1, 2]),
        Script.Step(orders: 0, content: reading),
    ]
    let heads: [[UInt8]] =
        (0..<6).map { [$0, 0] } + [[3, 70], [8 | 4, 0], [16, 0], [32 | 5, 0]]
    writeCorpus(heads.map { Script.written($0, steps) }, arguments)
    return 0
}
