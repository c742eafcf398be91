extension Packet {
    /// Appends the packet. What `version` has no room for is left out: properties, and reason codes other than those
    /// of CONNACK and SUBACK, before version 5.
    ///
    /// A CONNECT is written in its own version, with an empty password if it has one. AUTH needs version 5.
    package func write(to bytes: inout [UInt8], version: ProtocolVersion) {
        let place = PropertyPlaces(type)
        switch self {
        case .connect(let connect): connect.write(to: &bytes)
        case .publish(let publish): publish.write(to: &bytes, version: version)
        case .connack(let connack):
            bytes.appendPacket(type) {
                $0.append(connack.sessionPresent ? 1 : 0)
                $0.append(connack.reasonCode)
                $0.append(connack.properties, in: place, version: version)
            }
        case .puback(let ack), .pubrec(let ack), .pubrel(let ack), .pubcomp(let ack):
            bytes.appendPacket(type) {
                $0.append(two: ack.packetID.rawValue)
                $0.append(reason: ack.reasonCode, ack.properties, in: place, version: version)
            }
        case .subscribe(let subscribe):
            precondition(!subscribe.subscriptions.isEmpty)
            bytes.appendPacket(type) {
                $0.append(two: subscribe.packetID.rawValue)
                $0.append(subscribe.properties, in: place, version: version)
                for subscription in subscribe.subscriptions {
                    $0.append(text: subscription.filter)
                    $0.append(subscription.options(version))
                }
            }
        case .suback(let suback):
            precondition(!suback.reasonCodes.isEmpty)
            bytes.appendPacket(type) {
                $0.append(two: suback.packetID.rawValue)
                $0.append(suback.properties, in: place, version: version)
                $0.append(contentsOf: suback.reasonCodes)
            }
        case .unsubscribe(let unsubscribe):
            precondition(!unsubscribe.filters.isEmpty)
            bytes.appendPacket(type) {
                $0.append(two: unsubscribe.packetID.rawValue)
                $0.append(unsubscribe.properties, in: place, version: version)
                for filter in unsubscribe.filters { $0.append(text: filter) }
            }
        case .unsuback(let unsuback):
            precondition(version < .v5 || !unsuback.reasonCodes.isEmpty)
            bytes.appendPacket(type) {
                $0.append(two: unsuback.packetID.rawValue)
                $0.append(unsuback.properties, in: place, version: version)
                if version == .v5 { $0.append(contentsOf: unsuback.reasonCodes) }
            }
        case .pingreq, .pingresp: bytes.appendPacket(type) { _ in }
        case .disconnect(let disconnect):
            bytes.appendPacket(type) {
                $0.append(
                    reason: disconnect.reasonCode, disconnect.properties, in: place,
                    version: version)
            }
        case .auth(let auth):
            precondition(version == .v5)
            bytes.appendPacket(type) {
                $0.append(reason: auth.reasonCode, auth.properties, in: place, version: version)
            }
        }
    }
}

extension Publish {
    fileprivate func write(to bytes: inout [UInt8], version: ProtocolVersion) {
        var encoded: [UInt8] = []
        if version == .v5 { encoded.append(bare: properties, in: .publish) }
        writePublish(
            topic: Array(topic.utf8).span.bytes, payload: payload.span.bytes, qos: qos,
            retain: retain,
            dup: dup,
            packetID: packetID, properties: encoded.span.bytes, version: version, to: &bytes)
    }
}

extension [UInt8] {
    /// The shortest form of a reason code and properties: nothing for success alone.
    fileprivate mutating func append(
        reason: UInt8, _ properties: [Property], in place: PropertyPlaces, version: ProtocolVersion
    ) {
        guard version == .v5, reason != 0 || !properties.isEmpty else { return }
        append(reason)
        // AUTH may leave out both or neither, 3.15.2.1
        guard place == .auth || !properties.isEmpty else { return }
        append(properties, in: place, version: version)
    }
}
