import MQTT

/// Bytes as one MQTT packet, in every version; what can be read is written and read again.
@c(LLVMFuzzerTestOneInput)
public func fuzz(_ bytes: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    let input = Array(UnsafeBufferPointer(start: bytes, count: count))
    for version in ProtocolVersion.allCases {
        guard let packet = try? Packet.read(input.span.bytes, version: version) else { continue }
        var output: [UInt8] = []
        packet.write(to: &output, version: version)
        let again = try? Packet.read(output.span.bytes, version: version)
        precondition(
            again == packet, "\(packet) was written as \(output) and read as something else")
    }
    return 0
}
