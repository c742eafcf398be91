/// An observer, how many connections it was told of, and what the connections of one reading know together.
struct Listener<Observer: TrafficObserver> {
    var observer: Observer
    var connections = 0
    var hints = Hints()
    var layers = LayerTally()
    /// Nil: nothing that is encrypted is decrypted.
    var keyLog: KeyLog?

    init(observer: Observer, keyLog: KeyLog? = nil) {
        (self.observer, self.keyLog) = (observer, keyLog)
    }
}

/// What connections of which the beginning is there tell of those without.
struct Hints {
    /// Ends to which somebody sent a CONNECT.
    private var brokers: Set<Endpoint> = []
    var topics = ClientTopics()

    /// More brokers than anybody records at once.
    private static let limit = 1_024

    mutating func note(broker: Endpoint) {
        if brokers.count < Self.limit { brokers.insert(broker) }
    }

    func isBroker(_ end: Endpoint) -> Bool { brokers.contains(end) }
}
