/// Who acts in recorded traffic: clients by their identifier, each through all connections that it made.
/// A connection without an identifier is a client of its own.
struct Cast {
    private(set) var clients: [TimelineClient] = []
    private var numbers: [String: Int] = [:]
    /// Clients of connections that are open.
    private var owners: [Int: Int] = [:]
    /// By client: its latest connection, while that is open.
    private var latest: [Int?] = []

    /// - Returns: the client whose connection it is.
    mutating func open(_ connection: Int, _ clientID: String, connectSeen: Bool) -> Int {
        let client = numbers[clientID] ?? add(clientID, connectSeen: connectSeen)
        owners[connection] = client
        latest[client] = connection
        return client
    }

    /// - Returns: nil if the connection is over.
    func client(of connection: Int) -> Int? { owners[connection] }

    /// Whether its client has made no other connection since, which took its session over.
    func isLatest(_ connection: Int) -> Bool {
        owners[connection].map { latest[$0] == connection } ?? false
    }

    /// - Returns: the client that has no connection any more; nil if it has another.
    mutating func close(_ connection: Int) -> Int? {
        guard let client = owners.removeValue(forKey: connection),
            latest[client] == connection
        else { return nil }
        latest[client] = nil
        return client
    }

    /// Clients that have a connection, in the order of their numbers.
    var connected: [Int] { latest.indices.filter { latest[$0] != nil } }

    private mutating func add(_ clientID: String, connectSeen: Bool) -> Int {
        clients.append(TimelineClient(clientID: clientID, connectSeen: connectSeen))
        latest.append(nil)
        if !clientID.isEmpty { numbers[clientID] = clients.count - 1 }
        return clients.count - 1
    }
}
