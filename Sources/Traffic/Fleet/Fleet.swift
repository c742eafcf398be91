/// Clients and a broker, described well enough to make their traffic: what a file in `Profiles/fleets/` says.
package struct Fleet: Hashable, Sendable {
    package let name: String
    /// Nanoseconds.
    package var duration: Int64
    /// When it begins, in nanoseconds since the epoch.
    package var start: Int64
    let broker: BrokerTerms
    private(set) var groups: [ClientGroup]
    let storms: [Storm]

    /// Most clients of one fleet: as many addresses as the network that they are given has room for.
    package static let mostClients = 1_000_000

    init(
        name: String, duration: Int64, start: Int64, broker: BrokerTerms, groups: [ClientGroup],
        storms: [Storm]
    ) {
        (self.name, self.duration, self.start) = (name, duration, start)
        (self.broker, self.groups, self.storms) = (broker, groups, storms)
    }

    /// Most streams of messages: each takes some 200 bytes while the traffic is made.
    package static let mostStreams = 20_000_000

    package var streamCount: Int {
        groups.reduce(0) { sum, group in
            sum + group.count * group.messages.reduce(0) { $0 + $1.combinationCount }
        }
    }

    package var clientCount: Int { groups.reduce(0) { $0 + $1.count } }

    /// Clients of the groups that `scaled` changes.
    package var deviceCount: Int { groups.reduce(0) { $0 + ($1.scales ? $1.count : 0) } }

    /// The same fleet with so many devices: groups that scale keep their shares, by the largest remainders; the
    /// others are as they were.
    package func scaled(toDevices devices: Int) -> Fleet {
        let old = deviceCount
        guard old > 0, devices >= 0 else { return self }
        var fleet = self
        let scaling = groups.indices.filter { groups[$0].scales }
        for place in scaling { fleet.groups[place].count = groups[place].count * devices / old }
        let rest = scaling.sorted {
            let (a, b) = (groups[$0].count * devices % old, groups[$1].count * devices % old)
            return a != b ? a > b : $0 < $1
        }
        for place in rest.prefix(devices - fleet.deviceCount) { fleet.groups[place].count += 1 }
        return fleet
    }
}

/// What the broker of a fleet does, and how long it takes.
struct BrokerTerms: Hashable, Sendable {
    /// Four bytes.
    let address: [UInt8]
    let port: UInt16
    /// Of sessions before version 5, which cannot ask for one: seconds (`mqtt.session_expiry_interval`).
    let sessionExpiry: UInt32
    /// Messages at QoS 1 and 2 that wait for a client's answer (`mqtt.max_inflight`); less if the client says so.
    let window: Int
    /// Messages queued for one client (`mqtt.max_mqueue_len`); the oldest is dropped then.
    let queue: Int
    /// Whether messages at QoS 0 are queued for a session whose client is away (`mqtt.mqueue_store_qos0`).
    let queuesQoS0: Bool
    let delays: Delays
    let stalls: [Stall]

    /// In nanoseconds.
    struct Delays: Hashable, Sendable {
        let connack: Spread
        /// From PUBLISH, PUBREL and SUBSCRIBE to their answers.
        let answer: Spread
        /// From a PUBLISH to its delivery.
        let delivery: Spread
    }

    /// A time in which answers come late, as when the storage below stalls. In nanoseconds after the start.
    struct Stall: Hashable, Sendable {
        let at: Int64
        let lasting: Int64
        /// How late they come at the end of it; it grows from nothing.
        let delay: Int64
    }
}

/// The broker cuts many connections at once, as when a node or a load balancer goes down.
struct Storm: Hashable, Sendable {
    /// After the start, in nanoseconds.
    let at: Int64
    /// By their places; all if empty.
    let groups: [Int]
    let share: Double
    /// No new connection is accepted for so long, in nanoseconds.
    let down: Int64
    let departure: Departure
}
