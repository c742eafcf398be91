import MQTT
import Traffic

/// Bytes as what both ends of a WebSocket do: the first says how the upgrade goes, each step is a frame or what
/// is none, whole, in pieces or lost.
@c(LLVMFuzzerTestOneInput)
public func fuzz(_ bytes: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    var script = Script(bytes, count)
    let (head, piece) = (Head(rawValue: script.byte()), Int(script.byte()))
    var wire = Wire(brokerPort: 8_083, link: .raw)
    if !head.contains(.withoutHandshake) { wire.handshake() }
    if head.contains(.proxied) {
        wire.client(Array("PROXY TCP4 198.51.100.22 203.0.113.7 35646 1883\r\n".utf8))
    }
    if !head.contains(.fromTheMiddle) {
        let protocols = head.contains(.unnamed) ? nil : "mqtt"
        let extensions = head.contains(.extended) ? "permessage-deflate" : nil
        wire.send(true, WebSocket.request(protocols: protocols, extensions: extensions), piece)
        wire.send(
            false,
            WebSocket.answer(
                protocols: protocols, extensions: head.contains(.compressed) ? extensions : nil),
            piece)
    }
    while let step = script.step() {
        let orders = Orders(rawValue: step.orders)
        let isClient = !orders.contains(.fromBroker)
        if orders.contains(.lost) {
            wire.skip(isClient, step.content.count)
        } else if orders.contains(.bare) {
            wire.send(isClient, step.content, piece)
        } else {
            // Clients mask and brokers do not; what is bare may break that.
            let frame = WebSocket.frame(
                step.content, opcode: step.orders & Orders.opcode,
                isFinal: !orders.contains(.unfinished),
                mask: isClient ? 0x0102_0304 &* UInt32(step.content.count) : nil)
            wire.send(isClient, frame, piece)
        }
    }
    wire.finish()
    let file = CaptureFile.pcap(wire.frames, link: wire.link.number)
    _ = try? DecodingCount(bytes: file, name: "fuzz")
    return 0
}

private struct Head: OptionSet {
    let rawValue: UInt8
    static let withoutHandshake = Head(rawValue: 1)
    static let proxied = Head(rawValue: 2)
    static let fromTheMiddle = Head(rawValue: 4)
    static let unnamed = Head(rawValue: 8)
    static let extended = Head(rawValue: 16)
    static let compressed = Head(rawValue: 32)
}

private struct Orders: OptionSet {
    let rawValue: UInt8
    static let opcode: UInt8 = 15
    static let unfinished = Orders(rawValue: 16)
    static let fromBroker = Orders(rawValue: 32)
    /// Without a frame around it.
    static let bare = Orders(rawValue: 64)
    static let lost = Orders(rawValue: 128)
}

@c(LLVMFuzzerInitialize)
public func initialize(
    _ count: UnsafeMutablePointer<CInt>?,
    _ arguments: UnsafeMutablePointer<UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>?>?
) -> CInt {
    let connect = Packet.connect(Connect(version: .v5, clientID: "s")).bytes(.v5)
    let reading = Packet.reading("a/b", "1", qos: .atLeastOnce).bytes(.v5)
    let steps = [
        Script.Step(orders: 2, content: connect),
        // In two frames, with a ping between them
        Script.Step(orders: 2 | 16, content: Array(reading.prefix(3))),
        Script.Step(orders: 9, content: [1]),
        Script.Step(orders: 0, content: Array(reading.dropFirst(3))),
        Script.Step(orders: 2 | 32, content: Packet.reading("x", "y").bytes(.v5)),
        Script.Step(orders: 128, content: [0, 0, 0]),
        Script.Step(orders: 64, content: WebSocket.frame(reading, isCompressed: true, mask: 7)),
        Script.Step(orders: 2, content: reading),
        Script.Step(orders: 8 | 32, content: [3, 0xE8]),
    ]
    writeCorpus(
        [[0, 0], [0, 7], [2, 0], [5, 0], [8, 90], [48, 0]].map { Script.written($0, steps) },
        arguments)
    return 0
}
