internal import MQTT
internal import Measure

/// What becomes of connections, wills and sessions.
extension FleetRun {
    /// Reason codes of DISCONNECT, MQTT 5.0 table 3-13.
    static var keepAliveTimeout: UInt8 { 0x8D }
    static var sessionTakenOver: UInt8 { 0x8E }

    /// The same client has sent a CONNECT on another connection [MQTT-3.1.4-3].
    mutating func takeOver(_ client: Int) {
        tally.takeovers += 1
        if clients[client].version == .v5, clients[client].isAccepted {
            tell(client, .toClient, .disconnect(Disconnect(reasonCode: Self.sessionTakenOver)))
        }
        close(client, .fin)
    }

    mutating func close(_ client: Int, _ ending: Ending) {
        observer.closed(
            Int(clients[client].connection), version: clients[client].version, ending, at: now)
        clients[client].connection = -1
        clients[client].isAccepted = false
        clients[client].isUp = false
        clients[client].isDraining = false
        broker.sessions[client].isDelivering = false
        // [MQTT-3.14.4-3]
        if ending == .disconnect { broker.sessions[client].will = nil }
        let session = broker.sessions[client]
        guard session.isDurable else { return endSession(client) }
        if session.will != nil {
            if session.willDelay > 0 {
                plan(
                    .will, at: now + session.willDelay, client: client, scope: session.generation)
            } else {
                publishWill(of: client)
            }
        }
        guard session.expiry != .max else { return }
        plan(
            .sessionEnd, at: now + Int64(session.expiry) * FleetTime.second, client: client,
            scope: session.generation)
    }

    mutating func publishWill(of client: Int) {
        guard let will = broker.sessions[client].will else { return }
        broker.sessions[client].will = nil
        tally.wills += 1
        var expiry: UInt32?
        for case .messageExpiryInterval(let seconds) in will.properties { expiry = seconds }
        let kept = will.properties.filter {
            if case .willDelayInterval = $0 { false } else { true }
        }
        route(
            FleetMessage(
                topic: Array(will.topic.utf8), payload: will.payload,
                properties: kept.isEmpty ? [] : MessageProperties.encoded(kept), qos: will.qos,
                retain: will.retain, expiry: expiry, at: now, publisher: Int32(client)))
    }

    /// A will that waits does so no longer than its session.
    mutating func endSession(_ client: Int) {
        publishWill(of: client)
        broker.endSession(client)
    }
}
