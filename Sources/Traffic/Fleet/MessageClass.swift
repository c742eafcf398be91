internal import MQTT

/// A kind of message that every client of a group sends: one stream of them for each combination of its variables.
struct MessageClass: Hashable, Sendable {
    /// What a message is for: the rows of the article's decision table, and what else sensors send.
    enum Role: String, CaseIterable, Sendable {
        case reading, latest, alert, command, batch, status
    }

    enum Schedule: Hashable, Sendable {
        /// Each message is due at a multiple of `period` since the epoch, plus a phase, plus a draw from 0 to `jitter`.
        /// - Parameter phase: nil: every stream draws its own.
        case every(period: Int64, jitter: Int64, phase: Int64?)
        /// A Poisson process.
        case poisson(meanGap: Double)
        /// With every connection, once the session is there.
        case onConnect
    }

    struct Burst: Hashable, Sendable {
        let count: Int
        /// Between messages, in nanoseconds.
        let spacing: Spread
    }

    let name: String
    let role: Role
    let topic: TextTemplate
    let schedule: Schedule
    let burst: Burst
    let qos: QoS
    let retain: Bool
    /// Seconds.
    let expiry: UInt32?
    let contentType: String?
    let userProperties: [UserProperty]
    /// Whether an `event-id` user property goes with every message.
    let eventID: Bool
    /// Whether an alias stands for the topic after the first message of a connection.
    let topicAlias: Bool
    let payload: PayloadTemplate
    let variables: [FleetVariable]
    /// The group of which a random member is meant by every message, if it is not about the sender.
    let target: Int?

    struct UserProperty: Hashable, Sendable {
        let name: String
        let value: String
    }

    var combinationCount: Int { variables.reduce(1) { $0 * $1.values.count } }

    /// Every combination of the variables' values, the last changing fastest; one empty one without variables.
    var combinations: [[[UInt8]]] {
        variables.reduce([[]]) { lists, variable in
            lists.flatMap { list in variable.values.map { list + [$0] } }
        }
    }
}

/// A name that stands in braces, and what may take its place.
struct FleetVariable: Hashable, Sendable {
    enum Assignment: String, CaseIterable, Sendable {
        /// Client i has value i, and so on round.
        case turn
        case random
    }

    let name: String
    let values: [[UInt8]]
    let assignment: Assignment
}
