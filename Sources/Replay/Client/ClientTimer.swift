internal import MQTT

/// Something that a client does later, unless it has become void by then: whoever takes it asks.
struct ClientTimer {
    enum Kind {
        /// An acknowledgement that its subscriber took its time for; void when that connection is over.
        case answer(Answer, connection: Int)
        /// The client has been silent for as long as its keep alive.
        case ping(connection: Int)
        /// CONNACK has not come.
        case greeting(connection: Int)
        /// It tries to connect again.
        case reconnect
        /// The first step that waits has waited for as long as anyone would.
        case patience
    }

    let client: Int
    let kind: Kind
}
