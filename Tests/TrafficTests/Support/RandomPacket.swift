import MQTT
import Measure

/// Packets with whatever a version lets them carry, by chance.
struct RandomPacket {
    var seed: Seed

    mutating func number(_ range: ClosedRange<Int>) -> Int { Int.random(in: range, using: &seed) }
    mutating func text(_ limit: Int = 12) -> String {
        let letters = Array("abcXYZ019 _-.:\"\\\u{7}äß日😀")
        return String((0..<number(0...limit)).map { _ in letters[number(0...letters.count - 1)] })
    }
    mutating func data(_ limit: Int = 20) -> [UInt8] {
        (0..<number(0...limit)).map { _ in UInt8(number(0...255)) }
    }
    mutating func id() -> PacketID { PacketID(UInt16(number(1...65_535))) ?? PacketID(1)! }
    mutating func topic() -> String { "t" + text() + "/" + text() }

    mutating func packet(_ type: PacketType, _ version: ProtocolVersion) -> Packet {
        let place = PropertyPlaces(type)
        let properties = properties(place, version)
        let code = version == .v5 ? UInt8(number(0...255)) : 0
        let ack = Acknowledgement(packetID: id(), reasonCode: code, properties: properties)
        switch type {
        case .connect: return .connect(connect(version, properties))
        case .connack:
            return .connack(
                Connack(
                    sessionPresent: number(0...1) == 1, reasonCode: UInt8(number(0...5)),
                    properties: properties))
        case .publish:
            let qos = QoS(rawValue: UInt8(number(0...2))) ?? .atMostOnce
            return .publish(
                Publish(
                    dup: qos > .atMostOnce && number(0...1) == 1, qos: qos,
                    retain: number(0...1) == 1,
                    topic: topic(), packetID: qos == .atMostOnce ? nil : id(),
                    properties: properties,
                    payload: number(0...1) == 1 ? data(300) : Array(text(80).utf8)))
        case .puback: return .puback(ack)
        case .pubrec: return .pubrec(ack)
        case .pubrel: return .pubrel(ack)
        case .pubcomp: return .pubcomp(ack)
        case .subscribe:
            let options = version == .v5
            return .subscribe(
                Subscribe(
                    packetID: id(), properties: properties,
                    subscriptions: (0...number(0...2)).map { _ in
                        Subscription(
                            filter: "a/+/" + text() + "/#", qos: .atLeastOnce,
                            noLocal: options && number(0...1) == 1,
                            retainAsPublished: options && number(0...1) == 1,
                            retainHandling: options ? UInt8(number(0...2)) : 0)
                    }))
        case .suback:
            return .suback(
                Suback(packetID: id(), properties: properties, reasonCodes: [1, 0x80]))
        case .unsubscribe:
            return .unsubscribe(
                Unsubscribe(packetID: id(), properties: properties, filters: ["x/" + text(), "#"]))
        case .unsuback:
            return .unsuback(
                Unsuback(
                    packetID: id(), properties: properties,
                    reasonCodes: version == .v5 ? [0, 17] : []))
        case .pingreq: return .pingreq
        case .pingresp: return .pingresp
        case .disconnect:
            return .disconnect(Disconnect(reasonCode: code, properties: properties))
        case .auth: return .auth(Auth(reasonCode: code, properties: properties))
        }
    }

    private mutating func connect(_ version: ProtocolVersion, _ properties: [Property]) -> Connect {
        let user = number(0...1) == 1 ? text() : nil
        var will: Will?
        if number(0...1) == 1 {
            will = Will(
                topic: topic(), payload: data(), qos: .exactlyOnce, retain: number(0...1) == 1,
                properties: self.properties(.will, version))
        }
        return Connect(
            version: version, clientID: text(), cleanStart: number(0...1) == 1,
            keepAlive: UInt16(number(0...65_535)), username: user, will: will,
            properties: properties)
    }

    /// Authentication data are left out, which no file keeps.
    private mutating func properties(_ place: PropertyPlaces, _ version: ProtocolVersion)
        -> [Property]
    {
        guard version == .v5, number(0...2) > 0 else { return [] }
        var properties: [Property] = []
        for id in PropertyID.allCases.shuffled(using: &seed) where id != .authenticationData {
            guard id.format.places.isSuperset(of: place), number(0...1) == 1 else { continue }
            for _ in 0...(id.repeats(in: place) ? number(0...2) : 0) {
                properties.append(property(id))
            }
        }
        // Those that repeat may stand apart.
        return number(0...3) == 0 ? properties.shuffled(using: &seed) : properties
    }

    private mutating func property(_ id: PropertyID) -> Property {
        var bytes = [id.rawValue]
        func counted(_ data: [UInt8]) -> [UInt8] { UInt16(data.count).wire + data }
        let values = id.format.values
        let value = UInt32.random(in: values, using: &seed)
        switch id.format.kind {
        case .byte: bytes.append(UInt8(value))
        case .two: bytes += UInt16(value).wire
        case .four: bytes += value.wire
        case .variable: VariableByteInteger.write(Int(value), to: &bytes)
        case .text: bytes += counted(Array(text().utf8))
        case .binary: bytes += counted(data())
        case .pair: bytes += counted(Array(text().utf8)) + counted(Array(text().utf8))
        }
        var offset = 0
        let span = bytes.span.bytes
        guard let raw = try? PropertyWalk.next(span, at: &offset) else { return .reasonString("") }
        return Property(raw, in: span)
    }
}
