internal import MQTT

/// Deliveries that were sent and not yet completed, oldest first. No more are begun than the limit, and no
/// more are on their way over one connection than the client's Receive Maximum [MQTT-3.3.4-9].
struct Inflight {
    struct Slot {
        let id: PacketID
        var state: Outbound
        /// What to repeat on resume, or to give to another member of its group; nil where neither can be, and
        /// after PUBREC.
        var delivery: Delivery?
        /// The stream that waits for this delivery before it is read on.
        let cursor: Delivery.Cursor?
        /// The group whose share it is.
        let group: Int?
        /// See `Delivery.number`.
        let number: Int
        /// See `Delivery.isNumbered`.
        var isNumbered: Bool { cursor != nil && group == nil }
        /// Its PUBLISH was sent over the present connection.
        var isUnderWay = true
    }

    private(set) var slots: [Slot] = []
    /// Those of `slots`, in the same order. A slot is large, and looking for one is done for every message.
    private var ids: [PacketID] = []
    /// Slots that are under way.
    private var underWay = 0
    private var last: UInt16 = 0
    private var limit: Int

    init(limit: Int) { self.limit = min(limit, Self.numberedIDs) }

    var hasRoom: Bool { slots.count < limit }

    /// The next free packet identifier for a delivery at `qos`, which is 1 or 2.
    /// - Precondition: there is room.
    mutating func begin(
        qos: QoS, delivery: Delivery?, cursor: Delivery.Cursor?, group: Int? = nil
    ) -> PacketID {
        precondition(hasRoom)
        precondition(qos != .atMostOnce)
        let number = delivery?.isNumbered == true ? delivery?.number ?? 0 : 0
        let id = freeID(for: number, qos)
        append(
            Slot(
                id: id, state: qos == .atLeastOnce ? .awaitingPuback : .awaitingPubrec,
                delivery: delivery, cursor: cursor, group: group, number: number))
        return id
    }

    /// What was sent before a restart and is not completed.
    /// - Parameter delivery: nil if it is with the receiver.
    mutating func restore(
        number: Int, qos: QoS, delivery: Delivery?, cursor: Delivery.Cursor?
    ) {
        let id = freeID(for: number, qos)
        var state = Outbound.awaitingPuback
        if qos == .exactlyOnce { state = delivery == nil ? .awaitingPubcomp : .awaitingPubrec }
        append(
            Slot(
                id: id, state: state, delivery: delivery, cursor: cursor, group: nil,
                number: number, isUnderWay: false))
    }

    private mutating func append(_ slot: Slot) {
        slots.append(slot)
        ids.append(slot.id)
        if slot.isUnderWay { underWay += 1 }
        checkInvariants()
    }

    private mutating func remove(at place: Int) -> Slot {
        ids.remove(at: place)
        let slot = slots.remove(at: place)
        if slot.isUnderWay { underWay -= 1 }
        return slot
    }

    /// Packet identifiers that numbers are mapped to, at each QoS.
    private static let numberedIDs = 0x3FFF

    /// The identifier of a numbered message follows from its number, as in EMQX (session_internals.hrl), so that it
    /// is the same after a restart: 1 to 0x3FFF at QoS 1, 0x4000 to 0x7FFE at QoS 2. All others share the rest.
    /// Only a client that leaves one message unanswered for 16,383 others finds a number's identifier in use.
    private mutating func freeID(for number: Int, _ qos: QoS) -> PacketID {
        if number > 0 {
            let base = qos == .atLeastOnce ? 1 : 0x4000
            if let id = PacketID(UInt16(base + (number - 1) % Self.numberedIDs)), isFree(id) {
                return id
            }
        }
        while true {
            last &+= 1
            if let id = PacketID(0x8000 | last), isFree(id) { return id }
        }
    }

    private func isFree(_ id: PacketID) -> Bool { !ids.contains(id) }

    /// The smallest number of a message at `qos` that is not completed or, if `unreceived`, not even received.
    func oldest(_ qos: QoS, unreceived: Bool = false) -> Int? {
        var oldest: Int?
        for place in slots.indices where slots[place].number > 0 {
            let isOwed =
                switch slots[place].state {
                case .awaitingPuback: qos == .atLeastOnce
                case .awaitingPubrec: qos == .exactlyOnce
                case .awaitingPubcomp: qos == .exactlyOnce && !unreceived
                case .complete: false
                }
            if isOwed { oldest = min(oldest ?? .max, slots[place].number) }
        }
        return oldest
    }

    /// It was not sent after all.
    mutating func cancel(_ id: PacketID) {
        guard let place = ids.firstIndex(of: id) else { return }
        _ = remove(at: place)
        checkInvariants()
    }

    /// Feeds `reply` to the delivery `id`.
    /// - Returns: what to do, and the delivery that is over.
    mutating func received(_ reply: Outbound.Reply, id: PacketID) -> (
        action: Outbound.Action, over: Slot?
    ) {
        guard let place = ids.firstIndex(of: id) else {
            return (.reportMismatch, nil)
        }
        let action = slots[place].state.received(reply)
        if !slots[place].state.isMessageStillOwed { slots[place].delivery = nil }
        let over = action == .release ? remove(at: place) : nil
        checkInvariants()
        return (action, over)
    }

    /// Takes out the shares of `group`, or of all groups if it is nil, that were sent at QoS 1: others may have
    /// them. At QoS 2 nobody else may [MQTT-4.8.2-4].
    mutating func takeShares(of group: Int?) -> [Delivery] {
        guard slots.contains(where: { $0.group != nil }) else { return [] }
        var taken: [Delivery] = []
        var kept: [Slot] = []
        for slot in slots {
            if let owner = slot.group, group == nil || owner == group,
                slot.state == .awaitingPuback, let delivery = slot.delivery
            {
                taken.append(delivery)
            } else {
                kept.append(slot)
            }
        }
        slots = kept
        ids = kept.map(\.id)
        underWay = kept.count { $0.isUnderWay }
        checkInvariants()
        return taken
    }

    func slot(_ id: PacketID) -> Slot? { ids.firstIndex(of: id).map { slots[$0] } }

    /// The message that `id` stands for; nil once it is with the receiver.
    func delivery(_ id: PacketID) -> Delivery? { slot(id)?.delivery }

    /// A new connection, over which nothing was sent yet and which may have another limit.
    mutating func resume(limit: Int) {
        self.limit = min(limit, Self.numberedIDs)
        for place in slots.indices { slots[place].isUnderWay = false }
        underWay = 0
    }

    /// The oldest message that is still to be repeated, as far as the limit admits it. It counts as sent.
    mutating func nextRepeated() -> (id: PacketID, delivery: Delivery)? {
        guard underWay < min(limit, slots.count) else { return nil }
        for place in slots.indices where !slots[place].isUnderWay {
            guard let delivery = slots[place].delivery else { continue }
            slots[place].isUnderWay = true
            underWay += 1
            checkInvariants()
            return (slots[place].id, delivery)
        }
        return nil
    }

    /// Gone from optimised builds; every test runs it after every change.
    private func checkInvariants() {
        assert(slots.count { $0.isUnderWay } == underWay && underWay <= limit)
        assert(slots.map(\.id) == ids)
        assert(Set(slots.map(\.id)).count == slots.count)
        assert(slots.allSatisfy { $0.delivery == nil || $0.state.isMessageStillOwed })
    }
}
