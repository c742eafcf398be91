internal import MQTT

extension ProtocolVersion {
    /// "3.1", "3.1.1" or "5.0".
    var jsonName: String {
        switch self {
        case .v3_1: "3.1"
        case .v3_1_1: "3.1.1"
        case .v5: "5.0"
        }
    }
}

extension JSONText {
    /// The members that are of this packet's type. Whatever is as it is without being said is left out.
    mutating func members(of packet: Packet) {
        switch packet {
        case .connect(let connect): members(of: connect)
        case .connack(let connack):
            flag("session_present", connack.sessionPresent)
            answer(connack.reasonCode, connack.properties)
        case .publish(let publish): members(of: publish)
        case .puback(let ack), .pubrec(let ack), .pubrel(let ack), .pubcomp(let ack):
            member("packet_id", ack.packetID.rawValue)
            answer(ack.reasonCode, ack.properties)
        case .subscribe(let subscribe):
            member("packet_id", subscribe.packetID.rawValue)
            name("subscriptions")
            list { list in
                for subscription in subscribe.subscriptions { list.subscription(subscription) }
            }
            properties(subscribe.properties)
        case .suback(let suback):
            member("packet_id", suback.packetID.rawValue)
            codes(suback.reasonCodes)
            properties(suback.properties)
        case .unsubscribe(let unsubscribe):
            member("packet_id", unsubscribe.packetID.rawValue)
            name("filters")
            list { list in for filter in unsubscribe.filters { list.value(filter) } }
            properties(unsubscribe.properties)
        case .unsuback(let unsuback):
            member("packet_id", unsuback.packetID.rawValue)
            codes(unsuback.reasonCodes)
            properties(unsuback.properties)
        case .pingreq, .pingresp: break
        case .disconnect(let disconnect): answer(disconnect.reasonCode, disconnect.properties)
        case .auth(let auth): answer(auth.reasonCode, auth.properties)
        }
    }

    private mutating func members(of connect: Connect) {
        // Not left out: the default differs from broker library to broker library.
        name("clean_start")
        value(connect.cleanStart)
        member("keep_alive", connect.keepAlive)
        if let username = connect.username { member("username", username) }
        flag("has_password", connect.hasPassword)
        flag("is_bridge", connect.isBridge)
        if let will = connect.will {
            name("will")
            open()
            member("topic", will.topic)
            member("qos", will.qos.rawValue)
            flag("retain", will.retain)
            data("payload", will.payload.span.bytes)
            properties(will.properties)
            close()
        }
        properties(connect.properties)
    }

    private mutating func members(of publish: Publish) {
        member("topic", publish.topic)
        member("qos", publish.qos.rawValue)
        flag("retain", publish.retain)
        flag("dup", publish.dup)
        if let id = publish.packetID { member("packet_id", id.rawValue) }
        properties(publish.properties)
        data("payload", publish.payload.span.bytes)
    }

    private mutating func subscription(_ subscription: Subscription) {
        open()
        member("filter", subscription.filter)
        member("qos", subscription.qos.rawValue)
        flag("no_local", subscription.noLocal)
        flag("retain_as_published", subscription.retainAsPublished)
        if subscription.retainHandling != 0 {
            member("retain_handling", subscription.retainHandling)
        }
        close()
    }

    private mutating func answer(_ code: UInt8, _ properties: [Property]) {
        if code != 0 { member("reason_code", code) }
        self.properties(properties)
    }

    private mutating func codes(_ codes: [UInt8]) {
        guard !codes.isEmpty else { return }
        name("reason_codes")
        list { list in for code in codes { list.value(code) } }
    }
}

extension Packet {
    /// As it comes back from a line of JSON, where properties that repeat stand together.
    var asRead: Packet {
        switch self {
        case .connect(var connect):
            connect.properties = connect.properties.grouped
            if let properties = connect.will?.properties {
                connect.will?.properties = properties.grouped
            }
            return .connect(connect)
        case .connack(var packet):
            packet.properties = packet.properties.grouped
            return .connack(packet)
        case .publish(var packet):
            packet.properties = packet.properties.grouped
            return .publish(packet)
        case .puback(let ack): return .puback(ack.asRead)
        case .pubrec(let ack): return .pubrec(ack.asRead)
        case .pubrel(let ack): return .pubrel(ack.asRead)
        case .pubcomp(let ack): return .pubcomp(ack.asRead)
        case .subscribe(var packet):
            packet.properties = packet.properties.grouped
            return .subscribe(packet)
        case .suback(var packet):
            packet.properties = packet.properties.grouped
            return .suback(packet)
        case .unsubscribe(var packet):
            packet.properties = packet.properties.grouped
            return .unsubscribe(packet)
        case .unsuback(var packet):
            packet.properties = packet.properties.grouped
            return .unsuback(packet)
        case .pingreq, .pingresp: return self
        case .disconnect(var packet):
            packet.properties = packet.properties.grouped
            return .disconnect(packet)
        case .auth(var packet):
            packet.properties = packet.properties.grouped
            return .auth(packet)
        }
    }
}

extension Acknowledgement {
    fileprivate var asRead: Acknowledgement {
        var ack = self
        ack.properties = ack.properties.grouped
        return ack
    }
}
