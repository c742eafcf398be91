/// Something that happens in a fleet, and when.
struct FleetEvent {
    enum Kind: UInt8 {
        /// CONNECT arrives.
        case connect
        case connack
        /// What the client sends once it has the CONNACK.
        case greeting
        case suback
        /// A stream's next message is due; `client` is the stream.
        case message
        /// The client sends what waited.
        case drain
        /// The broker answers a PUBLISH or PUBREL; `detail` holds type and packet identifier.
        case brokerAnswer
        case clientAnswer
        /// The client has missed the answer to what it sent.
        case retry
        /// The broker sends what is queued for the client.
        case deliver
        case ping
        case pong
        /// The broker has not heard of the client for too long.
        case silence
        /// An outage begins.
        case leave
        /// `client` is the storm.
        case storm
        case will
        case sessionEnd
    }

    var time: Int64
    var kind: Kind
    var client: Int32
    /// The connection, or the generation of the session, that it is about: it is void when that is over.
    var scope: Int32 = 0
    var detail: Int32 = 0
}
