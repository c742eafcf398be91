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

    /// Becomes a copy of a PUBLISH with `mark` put into its topic.
    ///
    /// - Parameter place: in the packet.
    /// - Returns: by how much what is behind the topic has moved.
    mutating func copy(publish packet: RawSpan, with mark: [UInt8], at place: Int) -> Int {
        guard let header = try? FixedHeader.read(packet, at: 0) else {
            preconditionFailure("it was read before")
        }
        let topic = header.headerLength + 2
        let length = packet.unsafeLoadUnaligned(
            fromByteOffset: header.headerLength, as: UInt16.self
        ).bigEndian
        let marked = length + UInt16(mark.count)
        removeAll(keepingCapacity: true)
        append(packet.unsafeLoad(fromByteOffset: 0, as: UInt8.self))
        VariableByteInteger.write(header.remainingLength + mark.count, to: &self)
        let moved = count - header.headerLength + mark.count
        append(UInt8(marked >> 8))
        append(UInt8(marked & 0xFF))
        packet.extracting(topic..<place).withUnsafeBytes { append(contentsOf: $0) }
        append(contentsOf: mark)
        packet.extracting(place..<packet.byteCount).withUnsafeBytes { append(contentsOf: $0) }
        return moved
    }
}
