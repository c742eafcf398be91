internal import MQTT

/// The clients of a capture by their identifiers, and their habits.
///
/// Memory is bounded: beyond `limit` clients new ones are counted by estimate only, and no rule looks at them.
struct ClientTable {
    static let limit = 1 << 17

    var habits: [ClientHabits] = []
    private var numbers: [String: Int] = [:]
    private var unlisted = DistinctCounter()

    /// Whether every client is in the table.
    var isComplete: Bool { unlisted.count == 0 }

    /// How many clients there are: with `isComplete`, exactly.
    var total: Int { habits.count + unlisted.count }

    /// - Returns: its number in `habits`; nil if there are too many already.
    mutating func connected(_ client: String, _ connect: Connect) -> Int? {
        guard let number = numbers[client] ?? add(client) else { return nil }
        habits[number].connected(connect)
        return number
    }

    private mutating func add(_ client: String) -> Int? {
        guard habits.count < Self.limit else {
            unlisted.add(UInt64(Interner.hash(client.utf8Span.span.bytes).magnitude))
            return nil
        }
        let number = habits.count
        numbers[client] = number
        habits.append(ClientHabits(clientID: client))
        return number
    }
}
