import Traffic

/// Any bytes as a file: containers, links, tunnels, fragments, TCP, MQTT, inspection and trace.
@c(LLVMFuzzerTestOneInput)
public func fuzz(_ bytes: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    let input = Array(UnsafeBufferPointer(start: bytes, count: count))
    _ = try? DecodingCount(bytes: input, name: "fuzz")
    return 0
}
