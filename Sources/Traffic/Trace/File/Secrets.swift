internal import MQTT

extension DecodedPacket {
    /// The packet without what would let its reader log in: an empty password in place of the one that was
    /// there, and no authentication data. nil if it holds neither, so that its bytes may stay as they are.
    var withoutSecrets: Packet? {
        guard case .other(let packet) = content else { return nil }
        switch packet {
        case .connect(var connect):
            guard connect.hasPassword || connect.properties.holdAuthentication else { return nil }
            connect.properties.removeAuthentication()
            // Written with an empty password, whose flag stays.
            return .connect(connect)
        case .connack(var connack):
            guard connack.properties.holdAuthentication else { return nil }
            connack.properties.removeAuthentication()
            return .connack(connack)
        case .auth(var auth):
            guard auth.properties.holdAuthentication else { return nil }
            auth.properties.removeAuthentication()
            return .auth(auth)
        default: return nil
        }
    }
}

extension [Property] {
    fileprivate var holdAuthentication: Bool {
        contains { if case .authenticationData = $0 { true } else { false } }
    }

    fileprivate mutating func removeAuthentication() {
        removeAll { if case .authenticationData = $0 { true } else { false } }
    }
}
