package import MQTT

/// Where a publisher's connection comes from, as EMQX notes it in every message.
package struct PeerAddress: Hashable, Sendable {
    /// 4 bytes for IPv4, 16 for IPv6, in network order.
    package let bytes: [UInt8]
    package let port: UInt16

    /// `nil` unless there are 4 or 16 bytes.
    package init?(bytes: [UInt8], port: UInt16) {
        guard bytes.count == 4 || bytes.count == 16 else { return nil }
        self.bytes = bytes
        self.port = port
    }
}

/// Everything in a stored value that is the same for all messages of one connection, already encoded.
///
/// A value (serialization schema v1) is the 9-tuple (id, qos, from, flags, headers, topic, payload,
/// timestamp, extra). Maps are written in alphabetical order, as EMQX's own rows have them.
package struct PublisherHeader: Sendable {
    /// From the version byte to the name of the header `properties`, by flags: see `head`.
    private let heads: [[UInt8]]
    /// Where the QoS goes in a head.
    let qosOffset: Int
    /// From the end of the properties to the end of the headers.
    let afterProperties: [UInt8]

    package let clientID: String
    package let peer: PeerAddress
    package let version: ProtocolVersion
    package let username: String?

    package init(clientID: String, peer: PeerAddress, version: ProtocolVersion, username: String?) {
        self.clientID = clientID
        self.peer = peer
        self.version = version
        self.username = username
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
            head.append(atom: "dup")
            head.append(boolean: dup)
            head.append(atom: "retain")
            head.append(boolean: retain)
            head.append(map: 7)
            head.append(atom: "client_attrs")
            head.append(map: 0)
            head.append(atom: "peerhost")
            head.append(host: peer)
            head.append(atom: "peername")
            head.append(tuple: 2)
            head.append(host: peer)
            head.append(integer: Int64(peer.port))
            head.append(atom: "properties")
            return head
        }

        var bytes: [UInt8] = []
        bytes.append(atom: "proto_ver")
        bytes.append(integer: Int64(version.rawValue))
        bytes.append(atom: "protocol")
        bytes.append(atom: "mqtt")
        bytes.append(atom: "username")
        if let username {
            bytes.append(binary: Array(username.utf8).span.bytes)
        } else {
            bytes.append(atom: "undefined")
        }
        afterProperties = bytes
    }

    func head(dup: Bool, retain: Bool) -> [UInt8] { heads[(dup ? 2 : 0) + (retain ? 1 : 0)] }
}

extension [UInt8] {
    fileprivate mutating func append(boolean value: Bool) {
        if value { append(atom: "true") } else { append(atom: "false") }
    }

    /// As Erlang's `inet` writes addresses: four bytes or eight groups of 16 bits.
    fileprivate mutating func append(host peer: PeerAddress) {
        if peer.bytes.count == 4 {
            append(tuple: 4)
            for byte in peer.bytes { append(integer: Int64(byte)) }
        } else {
            append(tuple: 8)
            for group in 0..<8 {
                append(
                    integer: Int64(peer.bytes[2 * group]) << 8 | Int64(peer.bytes[2 * group + 1]))
            }
        }
    }
}
