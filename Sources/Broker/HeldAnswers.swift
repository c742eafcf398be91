internal import MQTT
internal import Measure
internal import Storage

/// A packet that promises something which storage has accepted and not yet decided.
struct HeldAnswer {
    enum Kind {
        /// To the publisher of a message.
        case puback, pubrec
        /// To the publisher of a message that was not accepted: PUBACK, or PUBREC.
        case denial(PacketType)
        /// To a publisher: its packet identifier is free.
        case pubcomp
        /// The same, where storage kept the identifier with its message.
        case freed
        /// To a subscriber: its message is not sent again.
        case pubrel
        /// To a subscriber, at QoS 2.
        case publish(dup: Bool)
    }

    let kind: Kind
    let id: PacketID
    /// Where it goes if that connection is still there.
    let connection: Int
    let session: Session
    /// It promises what is decided; false where it only keeps its place behind another answer.
    let isWritten: Bool
    /// When the PUBLISH that it answers came; nil for what answers none.
    var received: MonotonicTime?
    /// The change of the retained messages that it waits for as well; 0 for none.
    var retained = 0
    /// What it says to a version 5 client.
    var reason = Reason.success
}

/// Answers that wait for their lane's decision, in the order of their receipts: a ring that grows to its
/// usual size and then allocates nothing.
struct HeldAnswers {
    private struct Place {
        let answer: HeldAnswer
        let position: Int
    }

    private var places: [Place?] = []
    private var first = 0
    private(set) var count = 0

    /// The position that the last answer waits for.
    var lastPosition: Int {
        count == 0 ? 0 : places[(first + count - 1) & (places.count - 1)]?.position ?? 0
    }

    /// - Precondition: positions do not fall.
    mutating func push(_ answer: HeldAnswer, until position: Int) {
        precondition(position >= lastPosition)
        if count == places.count { grow() }
        places[(first + count) & (places.count - 1)] = Place(answer: answer, position: position)
        count += 1
    }

    /// The position that the first answer waits for; nil if there is none.
    var firstPosition: Int? { count == 0 ? nil : places[first]?.position }

    /// The oldest one, if it waits for nothing after `position` and no change of the retained messages after
    /// `retained`.
    mutating func pop(through position: Int, retained: Int) -> HeldAnswer? {
        guard count > 0, let place = places[first], place.position <= position,
            place.answer.retained <= retained
        else { return nil }
        places[first] = nil
        first = (first + 1) & (places.count - 1)
        count -= 1
        return place.answer
    }

    private mutating func grow() {
        var larger = [Place?](repeating: nil, count: max(64, 2 * places.count))
        for step in 0..<count { larger[step] = places[(first + step) & (places.count - 1)] }
        places = larger
        first = 0
    }
}

/// What storage has decided and answers still wait for, because they wait for something else as well: a message can
/// be committed before it is retained, and answers keep their order [MQTT-4.6.0-2].
struct Decisions {
    /// Of each lane, oldest first.
    var lanes: [[Settlement]]
    /// The last position of each lane that is decided.
    private(set) var through: [Int]
    /// The last change of the retained messages that is decided.
    private(set) var retained = 0
    private var refusals: [(changes: ClosedRange<Int>, refusal: Refusal)] = []

    init(lanes count: Int) {
        lanes = Array(repeating: [], count: count)
        through = Array(repeating: 0, count: count)
    }

    mutating func note(_ settlement: Settlement) {
        lanes[settlement.lane].append(settlement)
        through[settlement.lane] = settlement.through
    }

    mutating func noteRetained(_ settlement: Settlement) {
        if let refusal = settlement.refusal, settlement.through > retained {
            refusals.append((retained + 1...settlement.through, refusal))
        }
        retained = settlement.through
    }

    /// Why a change of the retained messages was lost; nil if it was not.
    func refusal(of change: Int) -> Refusal? {
        refusals.first { $0.changes.contains(change) }?.refusal
    }

    /// Nobody waits any more.
    mutating func forgetRefusals() { refusals.removeAll() }
}
