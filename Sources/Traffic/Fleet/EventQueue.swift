/// Something that happens in a fleet, and when.
struct FleetEvent {
    enum Kind: UInt8 {
        /// CONNECT arrives.
        case connect
        case connack
        /// What the client sends once it has the CONNACK.
        case greeting
        case suback
        /// A stream's next message is due; `client` is the stream.
        case message
        /// The client sends what waited.
        case drain
        /// The broker answers a PUBLISH or PUBREL; `detail` holds type and packet identifier.
        case brokerAnswer
        case clientAnswer
        /// The client has missed the answer to what it sent.
        case retry
        /// The broker sends what is queued for the client.
        case deliver
        case ping
        case pong
        /// The broker has not heard of the client for too long.
        case silence
        /// An outage begins.
        case leave
        /// `client` is the storm.
        case storm
        case will
        case sessionEnd
    }

    var time: Int64
    /// Events of one time happen in the order in which they were planned.
    var order: UInt64 = 0
    var kind: Kind
    var client: Int32
    /// The connection, or the generation of the session, that it is about: it is void when that is over.
    var scope: Int32 = 0
    var detail: Int32 = 0

    static func precedes(_ a: FleetEvent, _ b: FleetEvent) -> Bool {
        a.time != b.time ? a.time < b.time : a.order < b.order
    }
}

/// What is to happen, earliest first: a binary heap.
struct EventQueue {
    private var heap: [FleetEvent] = []
    private var planned: UInt64 = 0

    var count: Int { heap.count }

    mutating func plan(_ event: FleetEvent) {
        var event = event
        event.order = planned
        planned += 1
        heap.append(event)
        var place = heap.count - 1
        while place > 0 {
            let parent = (place - 1) / 2
            guard FleetEvent.precedes(event, heap[parent]) else { break }
            heap[place] = heap[parent]
            place = parent
        }
        heap[place] = event
    }

    mutating func next() -> FleetEvent? {
        guard let first = heap.first, let last = heap.popLast() else { return nil }
        guard !heap.isEmpty else { return first }
        var place = 0
        while true {
            var child = 2 * place + 1
            guard child < heap.count else { break }
            if child + 1 < heap.count, FleetEvent.precedes(heap[child + 1], heap[child]) {
                child += 1
            }
            guard FleetEvent.precedes(heap[child], last) else { break }
            heap[place] = heap[child]
            place = child
        }
        heap[place] = last
        return first
    }
}

/// First in, first out.
struct Fifo<Element> {
    private var elements: [Element] = []
    private var start = 0

    /// Taken elements that are worth moving the others for.
    private static var slack: Int { 64 }

    var count: Int { elements.count - start }
    var isEmpty: Bool { count == 0 }
    var first: Element? { isEmpty ? nil : elements[start] }

    mutating func append(_ element: Element) { elements.append(element) }

    mutating func popFirst() -> Element? {
        guard let first else { return nil }
        start += 1
        if start == elements.count {
            elements.removeAll(keepingCapacity: elements.count <= Self.slack)
            start = 0
        } else if start > Self.slack, start * 2 > elements.count {
            elements.removeFirst(start)
            start = 0
        }
        return first
    }

    /// Puts elements before all others, in their order.
    mutating func prepend(_ before: [Element]) {
        guard !before.isEmpty else { return }
        elements.replaceSubrange(0..<start, with: before)
        start = 0
    }

    func forEach(_ body: (Element) -> Void) {
        for place in start..<elements.count { body(elements[place]) }
    }
}
