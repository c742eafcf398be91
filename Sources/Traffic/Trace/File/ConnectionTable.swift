/// What is known of connections, by their numbers. Those that are over are remembered for a while, because
/// what the broker had sent before it knew comes after the end; then they are forgotten, so that memory is
/// that of the connections that are open.
struct ConnectionTable<Key: Hashable, State> {
    var states: [Key: State] = [:]
    /// Those that are over, as a ring.
    private var over: [Key] = []
    private var oldest = 0

    /// Connections whose end is remembered.
    private static var remembered: Int { 4_096 }

    init() {}

    /// - Parameter mayGo: whether a state may be forgotten; not if its key has been given to another.
    mutating func end(_ key: Key, mayGo: (State) -> Bool = { _ in true }) {
        guard over.count == Self.remembered else {
            over.append(key)
            return
        }
        if let state = states[over[oldest]], mayGo(state) { states[over[oldest]] = nil }
        over[oldest] = key
        oldest = (oldest + 1) % Self.remembered
    }
}
