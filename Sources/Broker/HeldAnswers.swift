internal import MQTT
internal import Measure
internal import Storage

/// A packet that promises something which storage has accepted and not yet decided.
struct HeldAnswer {
    enum Kind {
        /// To the publisher of a message.
        case puback, pubrec
        /// To a publisher: its packet identifier is free.
        case pubcomp
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

    /// The oldest one, if it waits for nothing after `position`.
    mutating func pop(through position: Int) -> HeldAnswer? {
        guard count > 0, let place = places[first], place.position <= position else { return nil }
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
