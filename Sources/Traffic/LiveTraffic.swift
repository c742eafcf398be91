/// Connections that are listened to while they last, told to an observer as those of captures are.
package struct LiveTraffic<Observer: TrafficObserver> {
    private var listener: Listener<Observer>
    /// By the number that who listens gave them.
    private var conversations: [Int: Conversation] = [:]
    /// Connections on which packets were found, and packets that no version allows; of those that are over.
    package private(set) var mqttConnections = 0
    package private(set) var malformedPackets = 0

    package init(_ observer: Observer) { listener = Listener(observer: observer) }

    package var observer: Observer {
        get { listener.observer }
        _modify { yield &listener.observer }
    }

    /// A client has connected.
    /// - Parameter connection: any number that no open connection has.
    package mutating func opened(_ connection: Int, client: Endpoint, broker: Endpoint) {
        var conversation = Conversation(client, broker)
        conversation.isOpened(by: Self.client)
        conversations[connection] = conversation
    }

    /// - Parameter time: nanoseconds since the epoch.
    package mutating func received(
        _ bytes: RawSpan, on connection: Int, _ direction: Direction, at time: Int64
    ) {
        let side = direction == .toBroker ? Self.client : 1 - Self.client
        guard conversations[connection]?.isDeaf == false else { return }
        conversations[connection]?.receive(bytes, from: side, at: time, &listener)
    }

    package mutating func closed(_ connection: Int, _ ending: Ending, at time: Int64) {
        guard var conversation = conversations.removeValue(forKey: connection) else { return }
        conversation.close(ending, at: time, &listener)
        guard conversation.hasPackets else { return }
        mqttConnections += 1
        malformedPackets += conversation.quality.malformedPackets
    }

    /// Ends every connection that is still open.
    package mutating func finish(at time: Int64) {
        for connection in conversations.keys.sorted() {
            closed(connection, .endOfCapture, at: time)
        }
    }

    /// The side that is the client.
    private static var client: Int { 0 }
}
