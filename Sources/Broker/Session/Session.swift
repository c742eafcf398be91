internal import MQTT
internal import Measure
internal import Storage

/// What the broker keeps for one client id, connected or not. Confined to the session layer's thread.
final class Session {
    struct Subscription {
        let filter: TopicFilter
        let qos: QoS
        let noLocal: Bool
        /// Its messages come from storage.
        let isDurable: Bool
        /// Counts the subscriptions of the session: the key of its state.
        let state: Int
        /// Keeps the RETAIN flag of the publisher [MQTT-3.3.1-13].
        var retainAsPublished = false
        /// Its Subscription Identifier; 0 if it has none.
        var identifier: UInt32 = 0
        /// The group that it shares its messages with.
        var group: Int?
    }

    let clientID: String
    /// `clientID` in UTF-8.
    let name: [UInt8]
    /// Its place in the session layer's table.
    let number: Int
    /// Made to outlive its connection: its messages come from storage. Stays so, also if a later
    /// connection sets an expiry interval of zero and it ends with that one.
    let durable: Bool
    var version: ProtocolVersion
    /// Seconds; `UInt32.max` means it never expires [MQTT-3.1.2.11.2].
    private(set) var expiryInterval: UInt32
    var connection: Int?
    /// The connection whose client does not read what it is sent.
    var pausedOver: Int?
    var isPaused: Bool { pausedOver != nil && pausedOver == connection }
    /// When it ends, while it is away; nil if never.
    var ends: MonotonicTime?
    var subscriptions: [String: Subscription] = [:]
    var inflight: Inflight
    var inbound: Inbound
    /// Deliveries that wait for the window; taken from `head` on.
    private(set) var queue: [Delivery] = []
    private var head = 0
    /// Retained messages that are still to be sent, one walk for each filter; they go before the queue.
    var retained: [RetainedWalk] = []
    /// It waits for its turn to be sent more retained messages.
    var isRetaining = false
    /// The message that it was last found to be a recipient of, and its place among the recipients.
    var routed = (message: 0, place: 0)
    var reading: Reading?
    /// Batches that storage is to read again, one after the other, before anything is repeated.
    var replays: [ReadRequest] = []
    /// The `epoch` of the batch that storage is reading again.
    var replaying: Int?
    /// Storage was not asked, because enough waits already.
    var isHeld = false
    /// Its place among the connected durable sessions.
    var place: Int?
    /// What its tables do not know yet.
    var dirty = DirtyState()
    /// It waits for its next commit.
    var isMarked = false
    /// Not before.
    var nextCommit = MonotonicTime(nanoseconds: 0)
    /// No longer kept: nothing of it may be committed any more.
    var isEnded = false
    /// Wall clock, milliseconds.
    private(set) var created = Int(wallClockMilliseconds())
    /// Wall clock when its last connection ended, milliseconds; nil while it is connected.
    var left: Int?
    private var lastSubscription = 0

    init(
        clientID: String, number: Int, version: ProtocolVersion, expiryInterval: UInt32,
        limits: SessionLimits, receiveMaximum: Int, shards: Int, epoch: Int
    ) {
        self.clientID = clientID
        name = Array(clientID.utf8)
        self.number = number
        self.version = version
        self.expiryInterval = expiryInterval
        durable = expiryInterval > 0
        inflight = Inflight(limit: min(receiveMaximum, limits.inflight))
        inbound = Inbound(limit: limits.awaitingRelease)
        if durable { reading = Reading(shards: shards, epoch: epoch) }
    }

    /// A new connection of the same client.
    func resume(
        version: ProtocolVersion, expiryInterval: UInt32, receiveMaximum: Int, limits: SessionLimits
    ) {
        self.version = version
        self.expiryInterval = expiryInterval
        inflight.resume(limit: min(receiveMaximum, limits.inflight))
        ends = nil
        left = nil
        replays = []
        replaying = nil
    }

    /// Its connection has ended: it keeps no more room than what is in it needs.
    func rest() {
        replays = []
        replaying = nil
        guard head == queue.count else { return }
        queue = []
        head = 0
        dirty.rest()
    }

    /// Changed at DISCONNECT.
    /// - Returns: false, with nothing changed, if the client wants to take back an interval of zero
    ///   [MQTT-3.14.2-2].
    func change(expiryInterval: UInt32) -> Bool {
        guard self.expiryInterval > 0 || expiryInterval == 0 else { return false }
        self.expiryInterval = expiryInterval
        return true
    }

    /// It was found in the tables.
    /// - Parameter left: wall clock when its last connection ended, milliseconds.
    func restore(created: Int, left: Int, lastSubscription: Int) {
        self.created = created
        self.left = left
        self.lastSubscription = lastSubscription
    }

    /// What its tables are to say of what the client has acknowledged: all messages up to the oldest that it has not.
    /// While messages of before a restart are not read again, it stays what it was.
    func settleProgress() {
        guard reading?.hasBare != true else { return }
        let next1 = dirty.counters[.nextQoS1], next2 = dirty.counters[.nextQoS2]
        let waits1 = oldestWaiting(.atLeastOnce), waits2 = oldestWaiting(.exactlyOnce)
        let owed1 = inflight.oldest(.atLeastOnce) ?? waits1 ?? next1 + 1
        let owed2 = inflight.oldest(.exactlyOnce) ?? waits2 ?? next2 + 1
        let unreceived = inflight.oldest(.exactlyOnce, unreceived: true) ?? waits2 ?? next2 + 1
        dirty.settle(.committedQoS1, at: owed1 - 1)
        dirty.settle(.committedQoS2, at: owed2 - 1)
        dirty.settle(.received, at: unreceived - 1)
    }

    private func oldestWaiting(_ qos: QoS) -> Int? {
        queue[head...].first { $0.number > 0 && $0.qos == qos }?.number
    }

    func newSubscriptionState() -> Int {
        lastSubscription += 1
        return lastSubscription
    }

    func hasExpired(at now: MonotonicTime) -> Bool { ends.map { $0 <= now } ?? false }

    /// - Parameter wall: milliseconds since the epoch.
    func hasExpired(atWall wall: Int) -> Bool {
        guard let left, connection == nil, expiryInterval != .max else { return false }
        return left + Int(expiryInterval) * 1_000 <= wall
    }

    var waiting: Int { queue.count - head }

    func enqueue(_ delivery: Delivery) { queue.append(delivery) }

    /// Takes the shares of `group` out of the queue, or those of all groups if it is nil.
    func takeShares(of group: Int?) -> [Delivery] {
        guard queue[head...].contains(where: { $0.group != nil }) else { return [] }
        var taken: [Delivery] = []
        queue.removeFirst(head)
        head = 0
        queue.removeAll { delivery in
            guard let owner = delivery.group, group == nil || owner == group else { return false }
            taken.append(delivery)
            return true
        }
        return taken
    }

    func dequeue() -> Delivery? {
        guard head < queue.count else { return nil }
        defer {
            head += 1
            // Also when it is never empty, what was taken must not pile up.
            if head == queue.count || head >= 1_024 {
                queue.removeFirst(head)
                head = 0
            }
        }
        return queue[head]
    }
}
