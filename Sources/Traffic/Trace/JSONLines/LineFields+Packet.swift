internal import MQTT

extension LineFields {
    /// The packet of this type that the members describe.
    /// - Parameter nextID: a packet identifier, taken where the line has none.
    mutating func packet(
        _ type: PacketType, version: ProtocolVersion, client: String, nextID: () -> PacketID?
    ) throws(FieldFault) -> Packet {
        let packet: Packet
        let place = PropertyPlaces(type)
        switch type {
        case .connect: packet = .connect(try connect(version, client))
        case .connack:
            let isPresent = try flag("session_present")
            let code = try code()
            packet = .connack(
                Connack(
                    sessionPresent: isPresent, reasonCode: code,
                    properties: try properties(in: place, version)))
        case .publish: packet = .publish(try publish(version, nextID))
        case .puback: packet = .puback(try acknowledgement(type, version))
        case .pubrec: packet = .pubrec(try acknowledgement(type, version))
        case .pubrel: packet = .pubrel(try acknowledgement(type, version))
        case .pubcomp: packet = .pubcomp(try acknowledgement(type, version))
        case .subscribe:
            packet = .subscribe(
                Subscribe(
                    packetID: try identifier(nextID),
                    properties: try properties(in: place, version),
                    subscriptions: try subscriptions()))
        case .suback:
            packet = .suback(
                Suback(
                    packetID: try identifier { nil },
                    properties: try properties(in: place, version),
                    reasonCodes: try codes(isNeeded: true)))
        case .unsubscribe:
            packet = .unsubscribe(
                Unsubscribe(
                    packetID: try identifier(nextID),
                    properties: try properties(in: place, version),
                    filters: try filters()))
        case .unsuback:
            packet = .unsuback(
                Unsuback(
                    packetID: try identifier { nil },
                    properties: try properties(in: place, version),
                    reasonCodes: try codes(isNeeded: version == .v5)))
        case .pingreq: packet = .pingreq
        case .pingresp: packet = .pingresp
        case .disconnect:
            let code = try code()
            packet = .disconnect(
                Disconnect(reasonCode: code, properties: try properties(in: place, version)))
        case .auth:
            guard version == .v5 else {
                throw fault("type", "AUTH needs version 5.0", "write \"version\":\"5.0\"")
            }
            let code = try code()
            packet = .auth(Auth(reasonCode: code, properties: try properties(in: place, version)))
        }
        try expectNothing(of: type.name)
        return packet
    }

    private mutating func connect(
        _ version: ProtocolVersion, _ client: String
    ) throws(FieldFault) -> Connect {
        var connect = Connect(version: version, clientID: client)
        // What most client libraries do unless told otherwise.
        if let value = take("clean_start") {
            guard case .bool(let flag) = value else {
                throw fault("clean_start", "is \(value.kind)", "write true or false")
            }
            connect.cleanStart = flag
        }
        connect.keepAlive = try number("keep_alive") ?? 0
        connect.username = try text("username")
        if take("password") != nil {
            throw fault(
                "password", "is never stored", "leave it out, and write \"has_password\":true")
        }
        connect.hasPassword = try flag("has_password")
        connect.isBridge = try flag("is_bridge")
        guard version == .v5 || !connect.hasPassword || connect.username != nil else {
            throw fault("has_password", "needs a user name before version 5.0", "add \"username\"")
        }
        guard version < .v5 || !connect.isBridge else {
            throw fault("is_bridge", "is not in version 5.0", "leave it out")
        }
        if var will = try object("will") { connect.will = try will.will(version) }
        connect.properties = try properties(in: .connect, version)
        return connect
    }

    private mutating func will(_ version: ProtocolVersion) throws(FieldFault) -> Will {
        let topic = try required("topic", "status/a")
        let payload = try data("payload") ?? []
        guard payload.count <= 0xFFFF else {
            throw fault("payload", "has \(payload.count) bytes", "a will has room for 65535")
        }
        let (qos, retain) = (try qos(), try flag("retain"))
        let properties = try properties(in: .will, version)
        try expectNothing(of: "a will")
        return Will(
            topic: topic, payload: payload, qos: qos, retain: retain, properties: properties)
    }

    private mutating func publish(
        _ version: ProtocolVersion, _ nextID: () -> PacketID?
    ) throws(FieldFault) -> Publish {
        let topic = try required("topic", "site/1/temperature")
        let (qos, dup, retain) = (try qos(), try flag("dup"), try flag("retain"))
        guard qos > .atMostOnce || !dup else {
            throw fault("dup", "is true at QoS 0", "leave it out, or write the \"qos\" that it had")
        }
        var id = try packetID()
        guard qos > .atMostOnce || id == nil else {
            throw fault("packet_id", "is there at QoS 0", "leave it out, or write the \"qos\"")
        }
        if qos > .atMostOnce, id == nil { id = try given(nextID) }
        let payload = try data("payload") ?? []
        let properties = try properties(in: .publish, version)
        return Publish(
            dup: dup, qos: qos, retain: retain, topic: topic,
            packetID: id, properties: properties, payload: payload)
    }

    private mutating func acknowledgement(
        _ type: PacketType, _ version: ProtocolVersion
    ) throws(FieldFault) -> Acknowledgement {
        let id = try identifier { nil }
        let code = try code()
        return Acknowledgement(
            packetID: id, reasonCode: code,
            properties: try properties(in: PropertyPlaces(type), version))
    }

    private mutating func identifier(_ nextID: () -> PacketID?) throws(FieldFault) -> PacketID {
        if let id = try packetID() { return id }
        return try given(nextID)
    }

    private func given(_ nextID: () -> PacketID?) throws(FieldFault) -> PacketID {
        guard let id = nextID() else {
            throw fault("packet_id", "is missing", "write the one that the packet had, 1 to 65535")
        }
        return id
    }

    private mutating func code() throws(FieldFault) -> UInt8 { try number("reason_code") ?? 0 }

    private mutating func codes(isNeeded: Bool) throws(FieldFault) -> [UInt8] {
        var codes: [UInt8] = []
        for value in try list("reason_codes") ?? [] {
            codes.append(try number(value, of: "reason_codes"))
        }
        guard !codes.isEmpty || !isNeeded else {
            throw fault("reason_codes", "is missing", "write one number for each filter, e.g. [0]")
        }
        return codes
    }

    private mutating func subscriptions() throws(FieldFault) -> [Subscription] {
        var subscriptions: [Subscription] = []
        for value in try list("subscriptions") ?? [] {
            guard case .object(let members) = value else {
                throw fault(
                    "subscriptions", "holds \(value.kind)", "write {\"filter\":…,\"qos\":…}")
            }
            var fields = LineFields(members, in: "subscriptions.")
            subscriptions.append(try fields.subscription())
            try fields.expectNothing(of: "a subscription")
        }
        // The short form for one.
        if subscriptions.isEmpty { subscriptions = [try subscription()] }
        return subscriptions
    }

    private mutating func subscription() throws(FieldFault) -> Subscription {
        let filter = try required("filter", "site/+/temperature")
        let subscription = Subscription(
            filter: filter, qos: try qos(), noLocal: try flag("no_local"),
            retainAsPublished: try flag("retain_as_published"),
            retainHandling: try number("retain_handling") ?? 0)
        guard subscription.retainHandling <= 2 else {
            throw fault("retain_handling", "is \(subscription.retainHandling)", "write 0, 1 or 2")
        }
        return subscription
    }

    private mutating func filters() throws(FieldFault) -> [String] {
        var filters: [String] = []
        for value in try list("filters") ?? [] {
            guard case .string(let filter) = value, filter.utf8.count <= 0xFFFF else {
                throw fault("filters", "holds what is no filter", "write texts in quotes")
            }
            filters.append(filter)
        }
        if filters.isEmpty { filters = [try required("filter", "site/+/temperature")] }
        return filters
    }
}
