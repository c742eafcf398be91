/// Who a CONNECT says it is, with the password that `Connect` steps over. Made for the check at the door and
/// dropped after it: nothing else may keep one, and what is printed of it says nothing.
package struct Credentials: Sendable {
    package let clientID: String
    package let username: String?
    package let password: [UInt8]?

    package init(clientID: String, username: String?, password: [UInt8]?) {
        self.clientID = clientID
        self.username = username
        self.password = password
    }

    /// - Parameter connect: a whole packet with its fixed header.
    /// - Throws: as `Packet.read` does, also when it is another packet.
    package static func read(_ connect: RawSpan) throws(CodecError) -> Credentials {
        let header = try FixedHeader.readWhole(connect, version: .v3_1)
        // [MQTT-3.1.0-1]
        guard header.type == .connect else { throw .malformed(rule: .packetType, offset: 0) }
        var offset = header.headerLength
        let (packet, password) = try Connect.read(connect, at: &offset)
        try connect.expectEnd(at: offset)
        return Credentials(
            clientID: packet.clientID, username: packet.username,
            password: password.map { connect.array($0) })
    }
}

extension Credentials: CustomStringConvertible, CustomReflectable {
    package var description: String { "credentials" }
    package var customMirror: Mirror { Mirror(self, children: []) }
}
