internal import MQTT

/// Lets a PUBLISH that has only an alias say its topic again, where the broker at hand does not know the alias
/// because the connection on which it was set is not the recorded one.
struct AliasRepair {
    private var aliases = AliasMemory()
    /// The last packet that was changed.
    private(set) var made: [UInt8] = []

    /// - Returns: what the step of `base` that was read last is for the broker at hand, with its packet in `made`; nil
    ///   if it may go as it is.
    mutating func repaired(
        _ step: TimelineStep, of base: any Timeline, version: ProtocolVersion
    ) -> TimelineStep.Kind? {
        guard case .packet(.publish, let qos, _) = step.kind else { return nil }
        var place: Int?
        base.withPacket { place = repair($0, of: step.client, version: version) }
        return place.map { .packet(.publish, qos: qos, packetIDOffset: $0) }
    }

    /// - Returns: where the identifier of the changed packet is, which is in `made`; nil if it may go as it is.
    mutating func repair(
        _ packet: RawSpan, of client: Int, version: ProtocolVersion
    ) -> Int? {
        guard version == .v5, let header = try? PublishHeader.read(packet, version: version),
            header.topicAlias != 0
        else { return nil }
        let topic = aliases.note(header, packet, of: client)
        defer { aliases.sent(header, of: client) }
        guard let topic, !aliases.isKnown(header, of: client) else { return nil }
        return PublishEdit(topic: topic).write(header, packet, version: version, to: &made)
    }

    /// The PUBLISH is not sent.
    mutating func leaveOut(_ packet: RawSpan, of client: Int, version: ProtocolVersion) {
        guard version == .v5, let header = try? PublishHeader.read(packet, version: version) else {
            return
        }
        _ = aliases.note(header, packet, of: client)
    }

    /// A recorded connection.
    mutating func forget(_ client: Int) { aliases.forget(client) }

    /// A connection that was not recorded.
    mutating func isReconnected(_ client: Int) { aliases.isReconnected(client) }
}
