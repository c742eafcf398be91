internal import MQTT

/// What a publisher's values have in common in serialization schema v1.
///
/// A value is the 9-tuple (id, qos, from, flags, headers, topic, payload, timestamp, extra). Maps are
/// written in alphabetical order, as EMQX's own rows have them.
struct TermHeader: Sendable {
    /// From the version byte to the name of the header `properties`, by flags: see `head`.
    private let heads: [[UInt8]]
    /// Where the QoS goes in a head.
    let qosOffset: Int
    /// From the end of the properties to the end of the headers.
    let afterProperties: [UInt8]

    init(
        _ clientID: String, _ peer: PeerAddress, _ version: ProtocolVersion, username: String?,
        _ atoms: AtomEncoding
    ) {
        var start: [UInt8] = [TermTag.version]
        start.append(tuple: 9)
        // The id is a matter of the session layer and is not stored with the message.
        start.append(binary: 0)
        start.append(tag: .smallInteger)
        qosOffset = start.count
        start.append(0)
        start.append(binary: Array(clientID.utf8).span.bytes)
        heads = [(false, false), (false, true), (true, false), (true, true)].map { dup, retain in
            var head = start
            head.append(map: 2)
            head.append(atom: "dup", as: atoms)
            head.append(boolean: dup, atoms)
            head.append(atom: "retain", as: atoms)
            head.append(boolean: retain, atoms)
            head.append(map: 7)
            head.append(atom: "client_attrs", as: atoms)
            head.append(map: 0)
            head.append(atom: "peerhost", as: atoms)
            head.append(host: peer)
            head.append(atom: "peername", as: atoms)
            head.append(hostAndPort: peer)
            head.append(atom: "properties", as: atoms)
            return head
        }

        var bytes: [UInt8] = []
        bytes.append(atom: "proto_ver", as: atoms)
        bytes.append(integer: Int64(version.rawValue))
        bytes.append(atom: "protocol", as: atoms)
        bytes.append(atom: "mqtt", as: atoms)
        bytes.append(atom: "username", as: atoms)
        if let username {
            bytes.append(binary: Array(username.utf8).span.bytes)
        } else {
            bytes.append(atom: "undefined", as: atoms)
        }
        afterProperties = bytes
    }

    func head(dup: Bool, retain: Bool) -> [UInt8] { heads[(dup ? 2 : 0) + (retain ? 1 : 0)] }
}

extension [UInt8] {
    fileprivate mutating func append(boolean value: Bool, _ atoms: AtomEncoding) {
        if value { append(atom: "true", as: atoms) } else { append(atom: "false", as: atoms) }
    }
}
