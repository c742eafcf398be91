internal import Layout

/// The open connections, by number.
///
/// A place is used again, its number is not: what is still under way to an ended connection must never
/// reach, or close, the one that came after it.
struct ConnectionTable {
    private struct Place {
        var connection: Connection?
        /// How many connections had it before.
        var uses = 0
    }

    private static let placeBits = 24
    private var places: [Place] = []
    private var free: [Int] = []

    /// Those that are open.
    var count: Int { places.count - free.count }

    mutating func open(from peer: PeerAddress) -> Connection {
        let place: Int
        if let last = free.popLast() {
            place = last
        } else {
            place = places.count
            precondition(place < 1 << Self.placeBits)
            places.append(Place())
        }
        let connection = Connection(
            number: places[place].uses << Self.placeBits | place, peer: peer)
        places[place].connection = connection
        return connection
    }

    /// Nil once it is closed.
    subscript(number: Int) -> Connection? {
        let place = Self.place(of: number)
        guard place < places.count, let connection = places[place].connection,
            connection.number == number
        else { return nil }
        return connection
    }

    /// - Returns: nil if it was closed before.
    mutating func close(_ number: Int) -> Connection? {
        guard let connection = self[number] else { return nil }
        let place = Self.place(of: number)
        places[place] = Place(connection: nil, uses: places[place].uses + 1)
        free.append(place)
        return connection
    }

    private static func place(of number: Int) -> Int { number & (1 << placeBits - 1) }
}
