internal import Measure

/// Steps that were due and have to wait, of all clients: for CONNACK, for room in the broker's Receive Maximum, for a
/// connection that is coming back. Each client's stay in order.
struct DeferredSteps {
    struct Step {
        let kind: TimelineStep.Kind
        let intended: MonotonicTime
        /// Since when it waits.
        let since: MonotonicTime
        let packet: ByteStore.Handle?
    }

    /// The steps of one client.
    struct Line {
        fileprivate var first: Int32 = -1
        fileprivate var last: Int32 = -1
        /// Openings and ends among them.
        fileprivate(set) var boundaries = 0

        var isEmpty: Bool { first < 0 }
    }

    private struct Node {
        var step: Step
        /// The client's next step, or the next free node; -1 is none.
        var next: Int32
    }

    private var nodes: [Node] = []
    private var firstFree: Int32 = -1
    /// Steps that wait, of all clients.
    private(set) var count = 0

    mutating func append(_ step: Step, to line: inout Line) {
        let node = Node(step: step, next: -1)
        let place: Int32
        if firstFree >= 0 {
            place = firstFree
            firstFree = nodes[Int(place)].next
            nodes[Int(place)] = node
        } else {
            nodes.append(node)
            place = Int32(nodes.count - 1)
        }
        if line.isEmpty { line.first = place } else { nodes[Int(line.last)].next = place }
        line.last = place
        if step.kind.isBoundary { line.boundaries += 1 }
        count += 1
    }

    func first(of line: Line) -> Step? { line.isEmpty ? nil : nodes[Int(line.first)].step }

    mutating func removeFirst(of line: inout Line) -> Step? {
        guard !line.isEmpty else { return nil }
        let place = line.first
        let node = nodes[Int(place)]
        line.first = node.next
        if line.isEmpty { line.last = -1 }
        nodes[Int(place)].next = firstFree
        firstFree = place
        if node.step.kind.isBoundary { line.boundaries -= 1 }
        count -= 1
        return node.step
    }
}

extension TimelineStep.Kind {
    /// It begins or ends a connection.
    var isBoundary: Bool {
        switch self {
        case .opened, .closed: true
        case .packet: false
        }
    }
}
