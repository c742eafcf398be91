import Traffic

/// Bytes as the segments of one connection: each step says which side sends, where in the sequence numbers,
/// how much and with which flags. Payloads are whatever follows, so that MQTT comes about as well.
@c(LLVMFuzzerTestOneInput)
public func fuzz(_ bytes: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    var rest = UnsafeBufferPointer(start: bytes, count: count)[...]
    // A pcap file of raw IP packets
    var file: [UInt8] = little(0xA1B2_C3D4) + [2, 0, 4, 0] + [UInt8](repeating: 0, count: 8)
    file += little(262_144) + little(101)
    var (next, time): ([UInt32], UInt32) = ([1, 1], 0)
    while rest.count >= 4 {
        let step = Array(rest.prefix(4))
        rest = rest.dropFirst(4)
        let side = Int(step[0] & 1)
        // Mostly where the last ended, sometimes before or behind it, rarely far away.
        let distance = Int32(Int8(bitPattern: step[1])) << (step[0] & 2 == 0 ? 0 : 20)
        let sequence = next[side] &+ UInt32(bitPattern: step[0] & 4 == 0 ? 0 : distance)
        let payload = Array(rest.prefix(Int(step[2])))
        rest = rest.dropFirst(payload.count)
        next[side] = sequence &+ UInt32(payload.count)
        time += step[0] & 8 == 0 ? 1 : 40
        let packet = packet(side, sequence, next[1 - side], step[3], payload)
        let captured = step[0] & 16 == 0 ? packet.count : min(packet.count, 45)
        file += little(time) + little(0) + little(UInt32(captured)) + little(UInt32(packet.count))
        file += packet.prefix(captured)
    }
    _ = try? DecodingCount(bytes: file, name: "fuzz")
    return 0
}

private func packet(
    _ side: Int, _ sequence: UInt32, _ acknowledged: UInt32, _ flags: UInt8, _ payload: [UInt8]
) -> [UInt8] {
    let length = UInt16(40 + payload.count)
    let (client, broker): ([UInt8], [UInt8]) = ([10, 0, 0, 2], [10, 0, 0, 1])
    let (from, to): (UInt16, UInt16) = side == 0 ? (50_000, 1_883) : (1_883, 50_000)
    let ip: [UInt8] = [0x45, 0] + big(length) + [0, 0, 0, 0, 64, 6, 0, 0]
    let tcp = big(from) + big(to) + big(sequence) + big(acknowledged) + [0x50, flags & 0x17]
    return ip + (side == 0 ? client + broker : broker + client) + tcp
        + [UInt8](repeating: 0, count: 6) + payload
}

private func big<Number: FixedWidthInteger>(_ number: Number) -> [UInt8] {
    withUnsafeBytes(of: number.bigEndian) { Array($0) }
}

private func little(_ number: UInt32) -> [UInt8] {
    withUnsafeBytes(of: number.littleEndian) { Array($0) }
}
