internal import MQTT

/// How a PUBLISH is changed. What is nil stays as it is.
struct PublishEdit: Equatable {
    var topic: [UInt8]?
    var qos: QoS?
    /// Seconds; 0 takes the expiry away.
    var messageExpiry: UInt32?
    /// Property bytes that are added.
    var added: [UInt8] = []
    /// Its topic alias goes.
    var dropsAlias = false

    var isNothing: Bool { self == PublishEdit() }

    /// Writes the changed packet. Packet identifiers are put in by whoever sends it.
    /// - Returns: where the packet identifier is; 0 if there is none.
    func write(
        _ header: PublishHeader, _ packet: RawSpan, version: ProtocolVersion,
        to bytes: inout [UInt8]
    ) -> Int {
        let qos = qos ?? header.qos
        var properties: [UInt8] = []
        if version == .v5 { copyProperties(header, packet, to: &properties) }
        properties += version == .v5 ? added : []
        let topic = topic ?? packet.extracting(header.topic).withUnsafeBytes { Array($0) }
        bytes.removeAll(keepingCapacity: true)
        writePublish(
            topic: topic.span.bytes, payload: packet.extracting(header.payload), qos: qos,
            retain: header.retain, dup: header.dup && qos > .atMostOnce,
            packetID: PacketID(max(1, header.packetID)), properties: properties.span.bytes,
            version: version, to: &bytes)
        return qos == .atMostOnce ? 0 : bytes.headerLength + 2 + topic.count
    }

    private func copyProperties(
        _ header: PublishHeader, _ packet: RawSpan, to properties: inout [UInt8]
    ) {
        let all = packet.extracting(first: header.properties.upperBound)
        var (offset, start) = (header.properties.lowerBound, header.properties.lowerBound)
        // They were checked when the recording was read.
        while let property = try? PropertyWalk.next(all, at: &offset) {
            defer { start = offset }
            if property.id == .topicAlias, dropsAlias { continue }
            if property.id == .messageExpiryInterval, messageExpiry != nil { continue }
            all.extracting(start..<offset).withUnsafeBytes { properties.append(contentsOf: $0) }
        }
        if let messageExpiry, messageExpiry > 0 {
            writeMessageExpiry(messageExpiry, to: &properties)
        }
    }
}
