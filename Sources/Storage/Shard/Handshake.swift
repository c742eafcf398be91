package import MQTT

/// What the write of a message decides of its publisher's QoS 2 handshake.
///
/// Where the identifier is kept by another write than the message, a kill between the two stores the message again
/// when it is repeated. In one write both are there or neither.
package enum Handshake: Sendable, Hashable {
    case none
    /// The message was received; its PUBREL is still to come.
    case awaitsRelease(PacketID)
    /// No message: PUBREL has come, and the identifier is free.
    case released(PacketID)
}

/// The row of a message whose PUBREL is still to come, in the default column family of its publisher's shard. A row of
/// our own: EMQX keeps these identifiers with the session's state, and commits them on a timer.
enum AwaitedRelease {
    /// No client identifier has a zero byte [MQTT-1.5.4-2].
    static let prefix = Array("awaiting_rel".utf8) + [0]

    /// Key: `prefix`, client identifier, a zero byte, packet identifier in network order. The value is empty.
    static func appendKey(_ id: PacketID, of client: String, to bytes: inout [UInt8]) {
        bytes.append(contentsOf: prefix)
        bytes.append(contentsOf: client.utf8)
        bytes.append(0)
        bytes.append(UInt8(id.rawValue >> 8))
        bytes.append(UInt8(truncatingIfNeeded: id.rawValue))
    }

    /// - Returns: nil for another row.
    static func read(_ key: UnsafeRawBufferPointer) -> (client: String, id: PacketID)? {
        guard key.starts(with: prefix), key.count >= prefix.count + 3, key[key.count - 3] == 0,
            let id = PacketID(UInt16(key[key.count - 2]) << 8 | UInt16(key[key.count - 1]))
        else { return nil }
        return (String(decoding: key[prefix.count..<key.count - 3], as: UTF8.self), id)
    }
}
