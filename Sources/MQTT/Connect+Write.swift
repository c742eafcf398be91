extension Connect {
    /// Appends the packet.
    ///
    /// - Parameter password: written if `hasPassword`, which says only that there is one.
    package func write(to bytes: inout [UInt8], password: [UInt8] = []) {
        precondition(version == .v5 || !hasPassword || username != nil)  // 3.1.1, [MQTT-3.1.2-22]
        precondition(version < .v5 || !isBridge)
        bytes.appendPacket(.connect) {
            $0.append(text: "\(version.protocolName)")
            $0.append(version.rawValue | (isBridge ? 0x80 : 0))
            $0.append(flags.rawValue)
            $0.append(two: keepAlive)
            $0.append(properties, in: .connect, version: version)
            $0.append(text: clientID)
            if let will {
                $0.append(will.properties, in: .will, version: version)
                $0.append(text: will.topic)
                $0.append(binary: will.payload)
            }
            if let username { $0.append(text: username) }
            if hasPassword { $0.append(binary: password) }
        }
    }

    private var flags: ConnectFlags {
        var flags: ConnectFlags = []
        if cleanStart { flags.insert(.cleanStart) }
        if let will {
            flags.formUnion([.will, ConnectFlags(rawValue: will.qos.rawValue << 3)])
            if will.retain { flags.insert(.willRetain) }
        }
        if username != nil { flags.insert(.username) }
        if hasPassword { flags.insert(.password) }
        return flags
    }
}
