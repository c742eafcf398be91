internal import MQTT
internal import Measure

/// A client's session, as far as its packets tell.
final class AuditedClient {
    /// A subscription that was asked for.
    final class Claim: Hashable {
        unowned let client: AuditedClient
        let filter: TopicFilter
        var options: Subscription
        /// When it was last asked for.
        var asked: MonotonicTime
        /// When the broker granted it; nil while it has not.
        var granted: MonotonicTime?

        init(
            of client: AuditedClient, _ filter: TopicFilter, _ options: Subscription,
            at time: MonotonicTime
        ) {
            (self.client, self.filter, self.options, asked) = (client, filter, options, time)
        }

        static func == (a: Claim, b: Claim) -> Bool { a === b }
        func hash(into hasher: inout Hasher) { hasher.combine(ObjectIdentifier(self)) }
    }

    /// A delivery that the client has not acknowledged for good.
    struct Held {
        /// Nil for one that is not judged.
        let message: Int?
        /// Kills before it came: a broker that was started anew may have forgotten it.
        let epoch: UInt8
    }

    let number: Int
    let name: String
    var version = ProtocolVersion.v3_1_1
    /// Since when the broker has it connected; nil while it is not.
    var connected: MonotonicTime?
    /// Since when it is away; nil while it is not, or never was there.
    var left: MonotonicTime?
    /// When it sent its last CONNECT.
    var introduced = MonotonicTime(nanoseconds: 0)
    var hasSession = false
    /// Seconds that its session outlives its connection.
    var expiry: UInt32 = 0
    /// The session may be gone, and nobody would be to blame.
    var mayBeForgotten = true
    /// When the session began.
    var since = MonotonicTime(nanoseconds: 0)
    var will: Will?
    var claims: [String: Claim] = [:]
    /// By packet identifier, what has not been answered.
    var asked: [UInt16: Subscribe] = [:]
    var given: [UInt16: Unsubscribe] = [:]
    /// Messages of its own by packet identifier, until they are answered for good.
    var sent: [UInt16: Int] = [:]
    /// When it last sent PUBREL, by packet identifier; not of long ago.
    var released: [UInt16: MonotonicTime] = [:]
    /// What it was delivered, by packet identifier, until it has acknowledged it for good.
    var held: [UInt16: Held] = [:]
    var lanes: [Lane] = []
    /// Messages at QoS 1 and 2 that are owed and have not come, as far as the broker's limit lets it keep them.
    var waiting = 0
    /// Messages that were owed while as many waited as the broker keeps.
    var overflow = 0

    init(_ number: Int, _ name: String) { (self.number, self.name) = (number, name) }

    /// Whether a session is there at `time` that the broker has to keep messages for.
    func isAlive(at time: MonotonicTime) -> Bool {
        guard hasSession else { return false }
        guard let left else { return true }
        return expiry == .max || time < left + .seconds(Double(expiry))
    }

    /// Nothing that has not come has to come.
    func excuse() {
        for lane in lanes { lane.excuse() }
        waiting = 0
    }
}
