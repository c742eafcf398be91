internal import MQTT

/// What one subscriber is owed of the messages on one topic, and what came of it.
final class Lane {
    /// Of one message: two bits say how much it is owed, two its QoS, four how often it came.
    struct Debt {
        enum Level: UInt8 { case nothing, may, must }

        private(set) var bits: UInt8 = 0

        var level: Level {
            get { Level(rawValue: bits & 0b11) ?? .nothing }
            set { bits = bits & ~0b11 | newValue.rawValue }
        }
        var qos: QoS {
            get { QoS(rawValue: bits >> 2 & 0b11) ?? .atMostOnce }
            set { bits = bits & ~0b1100 | newValue.rawValue << 2 }
        }
        /// Up to 15.
        var times: Int { Int(bits >> 4) }
        mutating func came() { if bits < 0xF0 { bits += 0x10 } }
    }

    /// Where the publisher's messages stand in the subscriber's order: MQTT promises one for each publisher and QoS.
    struct Sequence: Hashable {
        let publisher: UInt32
        let qos: QoS
    }

    let client: Int
    let topic: Int
    /// The first message that it knows of.
    let first: Int
    /// By ordinal, from `first` on.
    private var debts: [Debt] = []
    /// Nothing that is due before this is owed any more.
    private var settled = 0
    /// Where the next delivery is looked for first: behind the one before.
    private var cursor = 0
    /// The last of several equal messages that was found, by content.
    var found: [UInt64: Int] = [:]
    private var latest: [Sequence: Int] = [:]
    /// Messages that more than one subscription asks for, and how many more.
    private var more: [Int: Int] = [:]

    init(of client: Int, on topic: Int, from ordinal: Int) {
        (self.client, self.topic, first) = (client, topic, ordinal)
    }

    subscript(ordinal: Int) -> Debt {
        let place = ordinal - first
        return debts.indices.contains(place) ? debts[place] : Debt()
    }

    /// Another subscription asks for the message.
    func owe(_ ordinal: Int, _ level: Debt.Level, _ qos: QoS) {
        let place = ordinal - first
        while debts.count <= place { debts.append(Debt()) }
        if debts[place].level != .nothing { more[ordinal, default: 0] += 1 }
        if level.rawValue > debts[place].level.rawValue { debts[place].level = level }
        if qos > debts[place].qos { debts[place].qos = qos }
    }

    /// Nothing that has not come has to come.
    func excuse() {
        for place in settled..<debts.count where debts[place].level == .must {
            if debts[place].times == 0 { debts[place].level = .may }
        }
        settled = debts.count
    }

    /// It need not come any more.
    func excuse(_ ordinal: Int) { debts[ordinal - first].level = .may }

    /// The next message, in the order of sending, that has not come.
    func expected() -> Int? {
        while cursor < debts.count, debts[cursor].times > 0 || debts[cursor].level == .nothing {
            cursor += 1
        }
        return cursor < debts.count ? first + cursor : nil
    }

    /// Whether it is behind the latest delivery.
    func isAhead(_ ordinal: Int) -> Bool { ordinal - first >= cursor }

    /// Whether a message between the latest delivery and this one is owed and has not come, and is as `body` says.
    func misses(before ordinal: Int, _ body: (_ ordinal: Int) -> Bool) -> Bool {
        let end = ordinal - first
        guard cursor < end else { return false }
        return (cursor..<end).contains {
            debts[$0].level == .must && debts[$0].times == 0 && body(first + $0)
        }
    }

    /// How many deliveries the subscriptions ask for.
    func copies(of ordinal: Int) -> Int { 1 + (more[ordinal] ?? 0) }

    /// It came.
    /// - Returns: how often, with this time.
    func came(_ ordinal: Int) -> Int {
        let place = ordinal - first
        while debts.count <= place { debts.append(Debt()) }
        debts[place].came()
        cursor = max(cursor, place + 1)
        return debts[place].times
    }

    /// - Returns: false if one that the same client published later on the same terms has come before.
    func isInOrder(_ ordinal: Int, _ sequence: Sequence) -> Bool {
        if let before = latest[sequence], before > ordinal { return false }
        latest[sequence] = ordinal
        return true
    }

    /// Whether one has come that the same client published later on the same terms.
    func isOvertaken(_ ordinal: Int, _ sequence: Sequence) -> Bool {
        latest[sequence].map { $0 > ordinal } ?? false
    }

    /// Calls `body` with every message that is owed and has not come.
    func forEachMissing(_ body: (_ ordinal: Int, QoS) -> Void) {
        for place in settled..<debts.count
        where debts[place].level == .must && debts[place].times == 0 {
            body(first + place, debts[place].qos)
        }
    }
}
