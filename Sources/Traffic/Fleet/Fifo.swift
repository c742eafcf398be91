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
