/// What an observer keeps of connections while they are open, found by the numbers that they were given.
///
/// Places of closed connections are used again: beside four bytes for each connection that ever was, memory
/// grows with how many are open at once, however long the input is.
package struct OpenConnections<State> {
    /// By place, which `place(of:)` tells. What a free place holds means nothing.
    package var states: [State] = []
    private var free: [Int32] = []
    /// By number of the connection; -1 once it is closed.
    private var places: [Int32] = []

    /// - Precondition: connections are told of in order.
    package init() {}

    package mutating func open(_ connection: Int, _ state: State) {
        precondition(connection == places.count, "connections are told of in order")
        if let place = free.popLast() {
            states[Int(place)] = state
            places.append(place)
        } else {
            states.append(state)
            places.append(Int32(states.count - 1))
        }
    }

    /// Where in `states` it is; nil once it is closed.
    package func place(of connection: Int) -> Int? {
        let place = places[connection]
        return place < 0 ? nil : Int(place)
    }

    /// - Parameter empty: takes the place of its state, so that what that held is released.
    package mutating func close(_ connection: Int, leaving empty: State) {
        guard let place = place(of: connection) else { return }
        states[place] = empty
        places[connection] = -1
        free.append(Int32(place))
    }
}
