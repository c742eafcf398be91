internal import MQTT
internal import Measure
internal import Traffic

/// The steps by which a client takes up a session that it already had when the timeline comes to it.
struct SessionSteps {
    let client: Int
    var offset: Nanoseconds
    let version: ProtocolVersion

    /// - Parameters:
    ///   - subscriptions: with the properties that each group was subscribed with.
    ///   - leaves: with DISCONNECT, so that the session waits for its client.
    func enter(
        _ connect: Connect, from endpoint: Endpoint,
        _ subscriptions: [(properties: [Property], subscriptions: [Subscription])], leaves: Bool,
        _ steps: inout StepQueue
    ) {
        append(.opened(from: endpoint, version: version), &steps)
        append(.connect(connect), &steps)
        for (properties, subscriptions) in subscriptions where !subscriptions.isEmpty {
            append(
                .subscribe(
                    Subscribe(
                        packetID: Self.anyID, properties: properties, subscriptions: subscriptions)
                ), &steps)
        }
        guard leaves else { return }
        append(.disconnect(Disconnect()), &steps)
        append(.closed(.disconnect), &steps)
    }

    private func append(_ kind: TimelineStep.Kind, _ steps: inout StepQueue) {
        steps.append(TimelineStep(offset: offset, client: client, kind: kind))
    }

    private func append(_ packet: Packet, _ steps: inout StepQueue) {
        var bytes: [UInt8] = []
        packet.write(to: &bytes, version: version)
        let kind = TimelineStep.Kind.packet(
            packet.type, qos: .atMostOnce,
            packetIDOffset: packet.type == .subscribe ? bytes.headerLength : 0)
        steps.append(TimelineStep(offset: offset, client: client, kind: kind), bytes.span.bytes)
    }

    /// Whoever sends it puts its own in its place.
    private static let anyID = PacketID(1) ?? { preconditionFailure("1 is not 0") }()
}

extension Endpoint {
    /// Of a client whose address was not recorded.
    static let nowhere = Endpoint(address: [0, 0, 0, 0], port: 0)
}
