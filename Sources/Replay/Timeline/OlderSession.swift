internal import MQTT
internal import Measure
internal import Traffic

/// A session that was there before the recording began: what its subscriptions were is known, so it is made
/// again before the recording begins.
struct OlderSession {
    let connect: Connect
    let subscriptions: [Subscription]
    private let isSeen: Bool

    /// - Parameter first: the first CONNECT that was recorded of the client; nil if it never connects there.
    init(_ clientID: String, first: Connect?, _ subscriptions: [Subscription]) {
        var connect =
            first ?? Connect(version: .v3_1_1, clientID: clientID, cleanStart: false)
        // It leaves in peace, and the session that its next CONNECT asks for is this one.
        connect.will = nil
        connect.cleanStart = false
        if connect.version == .v5, connect.sessionExpiry == 0 {
            connect.properties.removeAll { $0.id == .sessionExpiryInterval }
            connect.properties.append(.sessionExpiryInterval(.max))
        }
        isSeen = first != nil
        self.connect = connect
        self.subscriptions = subscriptions
    }

    /// It connects, subscribes and leaves, all at the beginning.
    func enter(_ prelude: inout StepQueue, _ cast: inout Cast) {
        let client = cast.number(
            of: TimelineClient(clientID: connect.clientID, connectSeen: isSeen))
        SessionSteps(client: client, offset: .zero, version: connect.version)
            .enter(connect, from: .nowhere, [([], subscriptions)], leaves: true, &prelude)
    }
}
