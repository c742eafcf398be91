internal import MQTT

/// The sessions that are kept, by number and by client, and which durable ones are connected.
struct SessionTable {
    private var places: [Session?] = []
    private var free: [Int] = []
    private var byClient: [String: Session] = [:]
    /// Those that storage is asked for, in no order.
    private(set) var reading: [Session] = []

    var count: Int { byClient.count }

    /// All that are kept, in no order.
    var all: [Session] { places.compactMap(\.self) }

    /// Nil once it is removed.
    subscript(number: Int) -> Session? { places[number] }

    subscript(client clientID: String) -> Session? { byClient[clientID] }

    /// Keeps what `make` makes under the number that it is given.
    mutating func insert(_ make: (_ number: Int) -> Session) -> Session {
        let number = free.popLast() ?? places.count
        if number == places.count { places.append(nil) }
        let session = make(number)
        places[number] = session
        byClient[session.clientID] = session
        return session
    }

    func forEach(_ body: (Session) -> Void) {
        for case let session? in places { body(session) }
    }

    /// At most `limit` of them, from place `start` on.
    /// - Returns: the place to go on from; nil at the end.
    func forEach(from start: Int, limit: Int, _ body: (Session) -> Void) -> Int? {
        var left = limit
        var place = max(0, start)
        while place < places.count {
            if let session = places[place] {
                guard left > 0 else { return place }
                left -= 1
                body(session)
            }
            place += 1
        }
        return nil
    }

    mutating func remove(_ session: Session) {
        precondition(places[session.number] === session)
        precondition(session.connection == nil)
        places[session.number] = nil
        free.append(session.number)
        byClient[session.clientID] = nil
    }

    mutating func connect(_ session: Session, over connection: Int) {
        precondition(session.connection == nil)
        session.connection = connection
        guard session.durable else { return }
        session.place = reading.count
        reading.append(session)
    }

    mutating func disconnect(_ session: Session) {
        session.connection = nil
        guard let place = session.place, let last = reading.popLast() else { return }
        session.place = nil
        guard last !== session else { return }
        last.place = place
        reading[place] = last
    }
}
