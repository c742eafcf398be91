internal import MQTT
internal import Measure

/// Clients that are told to behave alike.
struct ClientGroup: Hashable, Sendable {
    let name: String
    var count: Int
    /// Whether `--devices` changes how many there are.
    let scales: Bool
    let clientID: TextTemplate
    let username: TextTemplate?
    let variables: [FleetVariable]
    let session: SessionTerms
    let link: LinkTerms
    let will: WillTerms?
    let messages: [MessageClass]
    let subscriptions: [SubscriptionTerms]
    /// Whether they subscribe again though the broker still has the session.
    let resubscribes: Bool
    let outages: Outages?
    /// The share of clients that commits a pitfall.
    let pitfalls: [PitfallShare]

    struct PitfallShare: Hashable, Sendable {
        let pitfall: Pitfalls
        let share: Double
    }
}

/// What CONNECT asks for, and how much is on its way at once.
struct SessionTerms: Hashable, Sendable {
    struct VersionShare: Hashable, Sendable {
        let version: ProtocolVersion
        let weight: Double
    }

    let versions: [VersionShare]
    let cleanStart: Bool
    /// Seconds; `UInt32.max` is for ever. Version 5 only.
    let expiry: UInt32
    /// Seconds; 0 switches it off.
    let keepAlive: UInt16
    /// Of version 5: messages of the broker that may wait for the client.
    let receiveMaximum: UInt16?
    /// Messages of the client that wait for the broker at most.
    let window: Int
    /// Messages at QoS 1 and 2 that a client keeps while it cannot send; the oldest is dropped then.
    let buffer: Int
    /// Before version 5: nanoseconds after which a client sends again what was not answered.
    let retry: Int64?
}

/// The way between client and broker.
struct LinkTerms: Hashable, Sendable {
    /// There and back, in nanoseconds.
    let roundTrip: Spread
    /// Nanoseconds over which the first connections are spread.
    let joinWithin: Int64
    /// The chance that the link breaks with a message at QoS 1 or 2, so that its answer never comes.
    let loss: Double
    /// Until a client is back after a loss, in nanoseconds.
    let recovery: Spread
    /// Until the first attempt after the broker cut it, in nanoseconds; doubled with every further one.
    let reconnect: Spread
    /// The longest that doubling makes of it.
    let reconnectLimit: Int64
    let departures: [DepartureShare]

    struct DepartureShare: Hashable, Sendable {
        let departure: Departure
        let weight: Double
    }
}

/// How a client leaves.
enum Departure: String, CaseIterable, Sendable {
    case disconnect
    case fin
    case reset
    /// Nothing arrives any more; the broker finds out by the keep alive or by the next CONNECT.
    case silent
}

/// Times without a connection.
struct Outages: Hashable, Sendable {
    enum Schedule: Hashable, Sendable {
        /// The mean time from the end of one to the next, in nanoseconds.
        case poisson(meanGap: Double)
        /// - Parameter first: after the start.
        case every(period: Int64, first: Int64)
    }

    let schedule: Schedule
    let lasting: Spread
}

/// The message that speaks for a client that is gone.
struct WillTerms: Hashable, Sendable {
    let topic: TextTemplate
    let payload: PayloadTemplate
    let qos: QoS
    let retain: Bool
    /// Seconds; version 5 only.
    let delay: UInt32
    let expiry: UInt32?
    let contentType: String?
}

struct SubscriptionTerms: Hashable, Sendable {
    let name: String
    let filter: TextTemplate
    let qos: QoS
    let retainAsPublished: Bool
    let retainHandling: UInt8
    let noLocal: Bool
    let identifier: UInt32?
}
