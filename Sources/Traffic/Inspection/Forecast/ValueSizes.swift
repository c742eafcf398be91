internal import Layout
internal import MQTT

/// How large the values of one publisher are, remembered: of two messages with the same flags and properties, to
/// topics without a varying level, one takes as many bytes more as its payload has.
struct ValueSizes {
    /// The last message that was measured, of those without and those with retain.
    private var last: [2 of Shape] = .init(repeating: Shape())

    private struct Shape {
        /// Kept when it is replaced, so that messages that alternate allocate nothing.
        var properties: [UInt8] = []
        var qos: QoS?
        /// Bytes of the value without its payload.
        var size = 0
    }

    /// Longer properties are not remembered, bytes.
    private static let longest = 256

    /// - Returns: nil if no message like this one was measured.
    func size(of header: PublishHeader, properties: RawSpan) -> Int? {
        let place = header.retain ? 1 : 0
        guard last[place].qos == header.qos,
            last[place].properties.count == properties.byteCount,
            properties.withUnsafeBytes({ $0.elementsEqual(last[place].properties) })
        else { return nil }
        return last[place].size
    }

    /// - Parameter size: bytes of the value with an empty payload.
    mutating func note(_ size: Int, of header: PublishHeader, properties: RawSpan) {
        guard properties.byteCount <= Self.longest else { return }
        let place = header.retain ? 1 : 0
        last[place].properties.removeAll(keepingCapacity: true)
        properties.withUnsafeBytes { last[place].properties.append(contentsOf: $0) }
        (last[place].qos, last[place].size) = (header.qos, size)
    }
}
