internal import MQTT

/// Passes on traffic in which nothing says whose it is: client identifiers, user names, topics and whatever
/// texts hold them are replaced by `NameCipher`, payloads by `PayloadSkeleton`, addresses by others. Lengths,
/// times, packet identifiers, flags and numbers stay, and so do the names of user properties and of
/// authentication methods.
struct Anonymiser<Next: TrafficObserver>: TrafficObserver {
    var next: Next
    private let key: AnonymisationKey
    private var names: NameCipher
    private var payloads: PayloadSkeleton
    private var scratch: [UInt8] = []
    private var kinds = TopicKinds()
    /// Kind of the topic of every alias, by connection; those of the broker are counted from 2^16.
    private var aliases: [Int: [Int: UInt64]] = [:]

    init(_ key: AnonymisationKey, _ next: Next) {
        self.key = key
        self.next = next
        names = NameCipher(key)
        payloads = PayloadSkeleton(key)
    }

    var wantsMore: Bool { next.wantsMore }

    mutating func opened(_ connection: Int, client: Endpoint, at time: Int64) {
        next.opened(connection, client: client.replaced(key), at: time)
    }

    mutating func identified(_ connection: Int, clientID: String, at time: Int64) {
        next.identified(connection, clientID: names.replace(clientID), at: time)
    }

    mutating func received(_ packet: DecodedPacket, _ bytes: RawSpan) {
        switch packet.content {
        case .publish(let header):
            scratch.removeAll(keepingCapacity: true)
            scratch.append(span: bytes)
            replace(header, packet)
            passOn(packet)
        case .acknowledgement, .ping: next.received(packet, bytes)
        case .other(let whole):
            let replaced = replaced(packet.withoutSecrets ?? whole, packet)
            scratch.removeAll(keepingCapacity: true)
            replaced.write(to: &scratch, version: packet.version)
            let copy = DecodedPacket(
                connection: packet.connection, direction: packet.direction, time: packet.time,
                type: packet.type, version: packet.version, content: .other(replaced),
                isInferred: packet.isInferred)
            passOn(copy)
        }
    }

    /// With the bytes in `scratch`.
    private mutating func passOn(_ packet: DecodedPacket) {
        var bytes: [UInt8] = []
        swap(&bytes, &scratch)
        next.received(packet, bytes.span.bytes)
        swap(&bytes, &scratch)
    }

    mutating func closed(
        _ connection: Int, version: ProtocolVersion, _ ending: Ending, at time: Int64
    ) {
        aliases[connection] = nil
        next.closed(connection, version: version, ending, at: time)
    }

    /// In `scratch`, where everything keeps its place.
    private mutating func replace(_ header: PublishHeader, _ packet: DecodedPacket) {
        let kind = kind(header, packet)
        names.replaceTopic(&scratch, header.topic)
        var offset = header.properties.lowerBound
        while offset < header.properties.upperBound {
            guard
                let property = Self.property(in: scratch, header.properties.upperBound, at: &offset)
            else { break }
            replace(property, endingAt: offset)
        }
        payloads.replace(&scratch, header.payload, topic: kind)
    }

    /// They were checked when the packet was decoded.
    private static func property(
        in bytes: [UInt8], _ end: Int, at offset: inout Int
    ) -> RawProperty? {
        try? PropertyWalk.next(bytes.span.bytes.extracting(first: end), at: &offset)
    }

    private mutating func kind(_ header: PublishHeader, _ packet: DecodedPacket) -> UInt64 {
        let alias = Int(header.topicAlias) + (packet.direction == .toBroker ? 0 : 1 << 16)
        if header.topic.isEmpty { return aliases[packet.connection]?[alias] ?? 0 }
        let kind = kinds.kind(of: scratch[header.topic])
        if header.topicAlias != 0 { aliases[packet.connection, default: [:]][alias] = kind }
        return kind
    }

    private mutating func replace(_ property: RawProperty, endingAt end: Int) {
        switch property.id {
        case .responseTopic, .contentType, .reasonString:
            names.replaceTopic(&scratch, property.first)
        case .userProperty: names.replaceTopic(&scratch, property.second)
        case .correlationData:
            let data = key.data(like: Array(scratch[property.first]))
            scratch.replaceSubrange(property.first, with: data)
        // The bytes are no text any more.
        case .payloadFormatIndicator: scratch[end - 1] = 0
        default: break
        }
    }

    private mutating func replaced(_ packet: Packet, _ decoded: DecodedPacket) -> Packet {
        switch packet {
        case .connect(var connect):
            connect.clientID = names.replace(connect.clientID)
            connect.username = connect.username.map { names.replace($0) }
            if var will = connect.will {
                let kind = kinds.kind(of: Array(will.topic.utf8)[...])
                will.topic = names.replaceTopic(will.topic)
                payloads.replace(&will.payload, 0..<will.payload.count, topic: kind)
                will.properties = replaced(will.properties)
                connect.will = will
            }
            connect.properties = replaced(connect.properties)
            return .connect(connect)
        case .connack(var packet):
            packet.properties = replaced(packet.properties)
            return .connack(packet)
        case .publish: return packet
        case .puback(let ack): return .puback(replaced(ack))
        case .pubrec(let ack): return .pubrec(replaced(ack))
        case .pubrel(let ack): return .pubrel(replaced(ack))
        case .pubcomp(let ack): return .pubcomp(replaced(ack))
        case .subscribe(var packet):
            for index in packet.subscriptions.indices {
                packet.subscriptions[index].filter = names.replaceTopic(
                    packet.subscriptions[index].filter)
            }
            packet.properties = replaced(packet.properties)
            return .subscribe(packet)
        case .suback(var packet):
            packet.properties = replaced(packet.properties)
            return .suback(packet)
        case .unsubscribe(var packet):
            packet.filters = packet.filters.map { names.replaceTopic($0) }
            packet.properties = replaced(packet.properties)
            return .unsubscribe(packet)
        case .unsuback(var packet):
            packet.properties = replaced(packet.properties)
            return .unsuback(packet)
        case .pingreq, .pingresp: return packet
        case .disconnect(var packet):
            packet.properties = replaced(packet.properties)
            return .disconnect(packet)
        case .auth(var packet):
            packet.properties = replaced(packet.properties)
            return .auth(packet)
        }
    }

    private mutating func replaced(_ ack: Acknowledgement) -> Acknowledgement {
        var ack = ack
        ack.properties = replaced(ack.properties)
        return ack
    }

    private mutating func replaced(_ properties: [Property]) -> [Property] {
        properties.map { property in
            switch property {
            case .responseTopic(let text): .responseTopic(names.replaceTopic(text))
            case .responseInformation(let text): .responseInformation(names.replaceTopic(text))
            case .serverReference(let text): .serverReference(names.replaceTopic(text))
            case .contentType(let text): .contentType(names.replaceTopic(text))
            case .reasonString(let text): .reasonString(names.replaceTopic(text))
            case .assignedClientIdentifier(let text): .assignedClientIdentifier(names.replace(text))
            case .userProperty(let name, let text): .userProperty(name, names.replaceTopic(text))
            case .correlationData(let data): .correlationData(key.data(like: data))
            case .payloadFormatIndicator: .payloadFormatIndicator(0)
            default: property
            }
        }
    }
}

extension AnonymisationKey {
    /// Bytes that stand for `data`: as many, and the same for the same.
    fileprivate func data(like data: [UInt8]) -> [UInt8] {
        var bytes: [UInt8] = []
        var block: UInt64 = 0
        while bytes.count < data.count {
            bytes += code(.data, block, data).bytes
            block += 1
        }
        return Array(bytes.prefix(data.count))
    }
}

extension Endpoint {
    /// Another address that takes as many bytes where it is stored: of IPv4 in 10.0.0.0/8; of IPv6 with every
    /// group as large or small as it was, since EMQX stores small numbers in fewer bytes. The port stays.
    fileprivate func replaced(_ key: AnonymisationKey) -> Endpoint {
        let code = key.code(.address, 0, address).bytes
        guard address.count == 16 else {
            return Endpoint(address: [10] + code.prefix(3), port: port)
        }
        let groups = (0..<8).flatMap { group -> [UInt8] in
            let (high, low) = (address[2 * group], address[2 * group + 1])
            if high == 0, low == 0 { return [0, 0] }
            let (newHigh, newLow) = (code[2 * group], code[2 * group + 1])
            // 1 to 255, or 256 and more.
            return high == 0 ? [0, max(1, newLow)] : [max(1, newHigh), newLow]
        }
        return Endpoint(address: groups, port: port)
    }
}
