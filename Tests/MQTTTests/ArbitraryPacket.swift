import MQTT

/// Packets that a version can carry, of every type and with every property, by chance.
extension Chance {
    mutating func version() -> ProtocolVersion { one(of: ProtocolVersion.allCases) }

    mutating func packet(_ version: ProtocolVersion) -> Packet {
        let types = PacketType.allCases.filter { version == .v5 || $0 != .auth }
        return packet(one(of: types), version)
    }

    mutating func packet(_ type: PacketType, _ version: ProtocolVersion) -> Packet {
        let place = PropertyPlaces(type)
        switch type {
        case .connect: return .connect(connect(version))
        case .connack:
            return .connack(
                Connack(
                    sessionPresent: bool(), reasonCode: byte(),
                    properties: properties(place, version)))
        case .publish: return .publish(publish(version))
        case .puback: return .puback(acknowledgement(place, version))
        case .pubrec: return .pubrec(acknowledgement(place, version))
        case .pubrel: return .pubrel(acknowledgement(place, version))
        case .pubcomp: return .pubcomp(acknowledgement(place, version))
        case .subscribe:
            return .subscribe(
                Subscribe(
                    packetID: packetID(), properties: properties(place, version),
                    subscriptions: (0...number(0...3)).map { _ in subscription(version) }))
        case .suback:
            return .suback(
                Suback(
                    packetID: packetID(), properties: properties(place, version),
                    reasonCodes: (0...number(0...3)).map { _ in byte() }))
        case .unsubscribe:
            return .unsubscribe(
                Unsubscribe(
                    packetID: packetID(), properties: properties(place, version),
                    filters: (0...number(0...3)).map { _ in filter() }))
        case .unsuback:
            return .unsuback(
                Unsuback(
                    packetID: packetID(), properties: properties(place, version),
                    reasonCodes: version == .v5 ? (0...number(0...3)).map { _ in byte() } : []))
        case .pingreq: return .pingreq
        case .pingresp: return .pingresp
        case .disconnect:
            return .disconnect(
                Disconnect(reasonCode: reason(version), properties: properties(place, version)))
        case .auth:
            return .auth(Auth(reasonCode: reason(version), properties: properties(place, version)))
        }
    }

    /// By the table of formats, and written out by hand here, so that our writer is not tested against itself alone.
    mutating func properties(_ place: PropertyPlaces, _ version: ProtocolVersion) -> [Property] {
        guard version == .v5, bool() else { return [] }
        var properties: [Property] = []
        for id in PropertyID.allCases
        where id.format.places.isSuperset(of: place) && number(0...2) == 0 {
            for _ in 0...(id.repeats(in: place) ? number(0...3) : 0) {
                properties.append(property(id))
            }
        }
        return properties.shuffled(using: &self)
    }

    mutating func property(_ id: PropertyID) -> Property {
        let number = UInt32.random(in: id.format.values, using: &self)
        let small = UInt32.random(in: id.format.values.clamped(to: 1...0x4001), using: &self)
        let (byte, two) = (UInt8(truncatingIfNeeded: number), UInt16(truncatingIfNeeded: number))
        switch id {
        case .payloadFormatIndicator: return .payloadFormatIndicator(byte)
        case .messageExpiryInterval: return .messageExpiryInterval(number)
        case .contentType: return .contentType(text())
        case .responseTopic: return .responseTopic(text())
        case .correlationData: return .correlationData(bytes(upTo: 20))
        case .subscriptionIdentifier: return .subscriptionIdentifier(bool() ? small : number)
        case .sessionExpiryInterval: return .sessionExpiryInterval(number)
        case .assignedClientIdentifier: return .assignedClientIdentifier(text())
        case .serverKeepAlive: return .serverKeepAlive(two)
        case .authenticationMethod: return .authenticationMethod(text())
        case .authenticationData: return .authenticationData(bytes(upTo: 200))
        case .requestProblemInformation: return .requestProblemInformation(byte)
        case .willDelayInterval: return .willDelayInterval(number)
        case .requestResponseInformation: return .requestResponseInformation(byte)
        case .responseInformation: return .responseInformation(text())
        case .serverReference: return .serverReference(text())
        case .reasonString: return .reasonString(text())
        case .receiveMaximum: return .receiveMaximum(two)
        case .topicAliasMaximum: return .topicAliasMaximum(two)
        case .topicAlias: return .topicAlias(two)
        case .maximumQoS: return .maximumQoS(byte)
        case .retainAvailable: return .retainAvailable(byte)
        case .userProperty: return .userProperty(text(), text())
        case .maximumPacketSize: return .maximumPacketSize(number)
        case .wildcardSubscriptionAvailable: return .wildcardSubscriptionAvailable(byte)
        case .subscriptionIdentifierAvailable: return .subscriptionIdentifierAvailable(byte)
        case .sharedSubscriptionAvailable: return .sharedSubscriptionAvailable(byte)
        }
    }

    private mutating func byte() -> UInt8 { UInt8(truncatingIfNeeded: next()) }
    private mutating func reason(_ version: ProtocolVersion) -> UInt8 {
        version == .v5 && bool() ? byte() : 0
    }
    private mutating func packetID() -> PacketID { id(UInt16(number(1...0xFFFF))) }
    private mutating func filter() -> String {
        one(of: ["", "/", "$share/g/", "é/"])
            + one(of: ["#", "+", "+/a", "a/+/#", "$SYS/#", "漢/b", "/"])
    }

    private mutating func subscription(_ version: ProtocolVersion) -> Subscription {
        var subscription = Subscription(filter: filter(), qos: one(of: QoS.allCases))
        guard version == .v5 else { return subscription }
        subscription.noLocal = !subscription.filter.hasPrefix("$share/") && bool()
        subscription.retainAsPublished = bool()
        subscription.retainHandling = UInt8(number(0...2))
        return subscription
    }

    private mutating func acknowledgement(_ place: PropertyPlaces, _ version: ProtocolVersion)
        -> Acknowledgement
    {
        Acknowledgement(
            packetID: packetID(), reasonCode: reason(version),
            properties: properties(place, version))
    }

    private mutating func publish(_ version: ProtocolVersion) -> Publish {
        let qos = one(of: QoS.allCases)
        var publish = Publish(
            dup: qos > .atMostOnce && bool(), qos: qos, retain: bool(), topic: "t" + text(),
            packetID: qos == .atMostOnce ? nil : packetID(),
            properties: properties(.publish, version),
            payload: bytes(upTo: one(of: [0, 20, 300, 20_000])))
        if publish.properties.contains(where: { $0.id == .topicAlias }), bool() {
            publish.topic = ""
        }
        return publish
    }

    private mutating func connect(_ version: ProtocolVersion) -> Connect {
        var connect = Connect(
            version: version, clientID: text(), cleanStart: bool(),
            keepAlive: UInt16(number(0...0xFFFF)),
            username: bool() ? text() : nil, properties: properties(.connect, version))
        connect.hasPassword = (version == .v5 || connect.username != nil) && bool()
        connect.isBridge = version < .v5 && number(0...9) == 0
        if bool() {
            connect.will = Will(
                topic: "w" + text(), payload: bytes(upTo: 200), qos: one(of: QoS.allCases),
                retain: bool(),
                properties: properties(.will, version))
        }
        return connect
    }
}
