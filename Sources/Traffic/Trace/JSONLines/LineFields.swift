internal import Foundation
internal import MQTT

/// What is wrong with a field of a line, without the place, which the reader knows.
struct FieldFault: Error, Equatable {
    /// Empty if it is the line as a whole.
    let field: String
    let why: String
    let remedy: String
}

/// The members of one object, taken out one by one, so that what is left over is known to be a mistake.
struct LineFields {
    private var members: [JSONValue.Member]
    /// Where the object is: empty for the line, "will." for a will.
    private let place: String

    init(_ members: [JSONValue.Member], in place: String = "") {
        self.members = members
        self.place = place
    }

    mutating func take(_ name: String) -> JSONValue? {
        guard let index = members.firstIndex(where: { $0.name == name }) else { return nil }
        let value = members.remove(at: index).value
        return value == .null ? nil : value
    }

    func has(_ name: String) -> Bool { members.contains { $0.name == name } }

    /// The next of those that are left, in their order.
    mutating func takeFirst() -> JSONValue.Member? { members.isEmpty ? nil : members.removeFirst() }

    /// - Throws: if something is left; names that begin with "x_" may be.
    func expectNothing(of what: String) throws(FieldFault) {
        guard let other = members.first(where: { !$0.name.hasPrefix("x_") }) else { return }
        throw fault(
            other.name, "is no field of \(what)",
            "leave it out, or call it \"x_\(other.name)\" to have it passed over")
    }

    mutating func text(_ name: String) throws(FieldFault) -> String? {
        guard let value = take(name) else { return nil }
        guard case .string(let text) = value else {
            throw fault(name, "is \(value.kind)", "write a text in quotes")
        }
        guard text.utf8.count <= 0xFFFF else {
            throw fault(name, "has \(text.utf8.count) bytes", "MQTT has room for 65535")
        }
        return text
    }

    mutating func required(_ name: String, _ example: String) throws(FieldFault) -> String {
        guard let text = try text(name) else {
            throw fault(name, "is missing", "write e.g. \"\(name)\":\"\(example)\"")
        }
        return text
    }

    mutating func flag(_ name: String) throws(FieldFault) -> Bool {
        switch take(name) {
        case nil: return false
        case .bool(let flag): return flag
        case let value?: throw fault(name, "is \(value.kind)", "write true or false")
        }
    }

    mutating func number<Number: FixedWidthInteger>(
        _ name: String, as type: Number.Type = Number.self
    ) throws(FieldFault) -> Number? {
        guard let value = take(name) else { return nil }
        return try number(value, of: name)
    }

    func number<Number: FixedWidthInteger>(
        _ value: JSONValue, of name: String
    ) throws(FieldFault) -> Number {
        if case .number(let text) = value, let number = Number(text) { return number }
        throw fault(
            name, "is not a whole number from \(Number.min) to \(Number.max)",
            "write it without quotes and without a fraction")
    }

    mutating func qos(_ name: String = "qos") throws(FieldFault) -> QoS {
        guard let number = try number(name, as: UInt8.self) else { return .atMostOnce }
        guard let qos = QoS(rawValue: number) else {
            throw fault(name, "is \(number)", "write 0, 1 or 2")
        }
        return qos
    }

    mutating func packetID() throws(FieldFault) -> PacketID? {
        guard let number = try number("packet_id", as: UInt16.self) else { return nil }
        guard let id = PacketID(number) else {
            throw fault("packet_id", "is 0", "write 1 to 65535")
        }
        return id
    }

    mutating func version() throws(FieldFault) -> ProtocolVersion? {
        guard let value = take("version") else { return nil }
        let text: String? =
            switch value {
            case .string(let text), .number(let text): text
            default: nil
            }
        switch text {
        case "3.1", "3": return .v3_1
        case "3.1.1", "4": return .v3_1_1
        case "5.0", "5": return .v5
        default:
            throw fault("version", "is no version of MQTT", "write \"3.1\", \"3.1.1\" or \"5.0\"")
        }
    }

    /// Text, or base64 under the name that says so.
    mutating func data(_ name: String) throws(FieldFault) -> [UInt8]? {
        if let value = take(name) {
            switch value {
            case .string(let text): return Array(text.utf8)
            // What a log has taken apart is put together again: a payload that is a number, or JSON.
            case .number(let text): return Array(text.utf8)
            case .bool(let flag): return Array("\(flag)".utf8)
            default:
                throw fault(
                    name, "is \(value.kind)",
                    "write it as a text in quotes, or as base64 in \"\(name)\(JSONText.base64)\"")
            }
        }
        let packed = name + JSONText.base64
        guard let value = take(packed) else { return nil }
        guard case .string(let text) = value, let data = Data(base64Encoded: text) else {
            throw fault(packed, "is not base64", "write RFC 4648's, with padding")
        }
        return Array(data)
    }

    mutating func list(_ name: String) throws(FieldFault) -> [JSONValue]? {
        guard let value = take(name) else { return nil }
        guard case .array(let values) = value else {
            throw fault(name, "is \(value.kind)", "write a list in brackets")
        }
        return values
    }

    mutating func object(_ name: String) throws(FieldFault) -> LineFields? {
        guard let value = take(name) else { return nil }
        guard case .object(let members) = value else {
            throw fault(name, "is \(value.kind)", "write an object in braces")
        }
        return LineFields(members, in: place + name + ".")
    }

    /// "bytes": the packet as it lay on the wire. Then the members that describe it are not asked.
    mutating func raw() throws(FieldFault) -> [UInt8]? {
        guard let value = take("bytes") else { return nil }
        guard case .string(let text) = value, let data = Data(base64Encoded: text), data.count >= 2,
            data.count <= PacketLength.limit
        else { throw fault("bytes", "is no packet in base64", "leave it out") }
        return Array(data)
    }

    mutating func direction(_ type: PacketType) throws(FieldFault) -> Direction {
        switch try text("direction") {
        case Direction.toBroker.jsonName: return .toBroker
        case Direction.toClient.jsonName: return .toClient
        case nil: return type.usualDirection
        default: throw fault("direction", "is unknown", "write \"to_broker\" or \"to_client\"")
        }
    }

    /// "peer": address and port of the client.
    mutating func peer() throws(FieldFault) -> Endpoint? {
        guard let text = try text("peer") else { return nil }
        guard let endpoint = Endpoint(text) else {
            throw fault(
                "peer", "is no address with a port",
                "write \"192.0.2.7:51234\" or \"[2001:db8::7]:51234\"")
        }
        return endpoint
    }

    func fault(_ name: String, _ why: String, _ remedy: String) -> FieldFault {
        FieldFault(field: place + name, why: why, remedy: remedy)
    }
}

extension PacketType {
    /// Where it goes in the traffic of devices that publish.
    fileprivate var usualDirection: Direction {
        switch self {
        case .connect, .publish, .pubrel, .subscribe, .unsubscribe, .pingreq, .disconnect, .auth:
            .toBroker
        case .connack, .puback, .pubrec, .pubcomp, .suback, .unsuback, .pingresp: .toClient
        }
    }
}

extension Endpoint {
    /// Reads "192.0.2.7:51234" or "[2001:db8::7]:51234".
    init?(_ text: String) {
        guard let colon = text.lastIndex(of: ":"),
            let port = UInt16(text[text.index(after: colon)...])
        else { return nil }
        var host = text[..<colon]
        if host.hasPrefix("["), host.hasSuffix("]") { host = host.dropFirst().dropLast() }
        var four = in_addr()
        if inet_pton(AF_INET, String(host), &four) == 1 {
            self.init(address: withUnsafeBytes(of: &four) { Array($0) }, port: port)
            return
        }
        var six = in6_addr()
        guard inet_pton(AF_INET6, String(host), &six) == 1 else { return nil }
        self.init(address: withUnsafeBytes(of: &six) { Array($0) }, port: port)
    }
}
