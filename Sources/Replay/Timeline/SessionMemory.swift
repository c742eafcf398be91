internal import MQTT
internal import Measure
internal import Traffic

/// What a broker knows of one client's session at some point of a timeline, told step by step: enough to make
/// the same session again elsewhere.
struct SessionMemory {
    private(set) var endpoint = Endpoint.nowhere
    private(set) var version = ProtocolVersion.v3_1_1
    private(set) var isConnected = false
    /// The last one; nil before the first.
    private(set) var connect: Connect?
    /// In the order of subscribing, each with the properties of its SUBSCRIBE.
    private(set) var subscriptions: [(properties: [Property], subscription: Subscription)] = []
    /// When the session ends if its client does not come back; nil: never, or not while it is connected.
    private var endsAt: Nanoseconds?
    /// Of a DISCONNECT that changes it, seconds.
    private var expiry: UInt32?

    /// - Parameter packet: of the step, if it has one.
    mutating func note(_ step: TimelineStep, _ packet: RawSpan) {
        switch step.kind {
        case .opened(let endpoint, let version):
            (self.endpoint, self.version) = (endpoint, version)
            isConnected = true
            expiry = nil
        case .closed:
            isConnected = false
            ends(at: step.offset)
        case .packet(let type, _, _):
            guard Self.counts(type), let packet = try? Packet.read(packet, version: version)
            else { return }
            note(packet, at: step.offset)
        }
    }

    /// Whether there is a session for a client that is away.
    func isWaiting(at offset: Nanoseconds) -> Bool {
        guard !isConnected, let connect, connect.isDurable, !subscriptions.isEmpty else {
            return false
        }
        return endsAt.map { offset < $0 } ?? true
    }

    /// The client takes up the session.
    /// - Parameters:
    ///   - subscribes: the broker does not have its subscriptions.
    ///   - leaves: at once, so that the session waits for it.
    func enter(
        _ client: Int, at offset: Nanoseconds, subscribes: Bool, leaves: Bool,
        _ steps: inout StepQueue
    ) {
        guard let connect else { return }
        var groups: [(properties: [Property], subscriptions: [Subscription])] = []
        for (properties, subscription) in subscribes ? subscriptions : [] {
            if groups.last?.properties == properties {
                groups[groups.count - 1].subscriptions.append(subscription)
            } else {
                groups.append((properties, [subscription]))
            }
        }
        SessionSteps(client: client, offset: offset, version: version)
            .enter(connect, from: endpoint, groups, leaves: leaves, &steps)
    }

    private static func counts(_ type: PacketType) -> Bool {
        type == .connect || type == .subscribe || type == .unsubscribe || type == .disconnect
    }

    private mutating func note(_ packet: Packet, at offset: Nanoseconds) {
        switch packet {
        case .connect(let connect):
            let isOver = endsAt.map { $0 <= offset } ?? (self.connect == nil)
            if connect.cleanStart || isOver { subscriptions = [] }
            self.connect = connect
            endsAt = nil
        case .subscribe(let subscribe):
            for subscription in subscribe.subscriptions {
                subscriptions.removeAll { $0.subscription.filter == subscription.filter }
                subscriptions.append((subscribe.properties, subscription))
            }
        case .unsubscribe(let unsubscribe):
            subscriptions.removeAll { unsubscribe.filters.contains($0.subscription.filter) }
        case .disconnect(let disconnect):
            for case .sessionExpiryInterval(let seconds) in disconnect.properties {
                expiry = seconds
            }
        default: break
        }
    }

    private mutating func ends(at offset: Nanoseconds) {
        guard let connect else { return }
        if connect.version < .v5 {
            endsAt = connect.isDurable ? nil : offset
        } else {
            let seconds = expiry ?? connect.sessionExpiry
            endsAt = seconds == .max ? nil : offset + .seconds(Double(seconds))
        }
        if endsAt == offset { subscriptions = [] }
    }
}
