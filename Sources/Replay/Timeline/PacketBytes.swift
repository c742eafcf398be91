internal import MQTT

extension [UInt8] {
    /// Of a packet that we have made ourselves.
    var headerLength: Int {
        guard let header = try? FixedHeader.read(span.bytes, at: 0) else {
            preconditionFailure("no packet")
        }
        return header.headerLength
    }

    /// Calls `body` with all of it.
    func withPacket(_ body: (RawSpan) -> Void) {
        withUnsafeBytes { body($0.bytes) }
    }
}
