internal import Measure

/// First in, first out, in an array that forgets what was taken in one go.
struct Queue<Element: Sendable>: Sendable {
    private var elements: [Element] = []
    private var head = 0

    var first: Element? { head < elements.count ? elements[head] : nil }

    mutating func append(_ element: Element) { elements.append(element) }

    mutating func popFirst() -> Element? {
        guard let first else { return nil }
        head += 1
        if head == elements.count || head >= 1_024 {
            elements.removeFirst(head)
            head = 0
        }
        return first
    }

    /// Puts `element` behind the last of those that `isBefore` admits.
    /// - Returns: whether it is the first one now.
    mutating func insert(_ element: Element, where isBefore: (Element) -> Bool) -> Bool {
        var place = elements.count
        while place > head, !isBefore(elements[place - 1]) { place -= 1 }
        elements.insert(element, at: place)
        return place == head
    }
}

/// Deadlines of polls, the earliest first. Nearly all polls wait equally long, so a new deadline nearly
/// always goes to the end. A poll that was woken meanwhile keeps its place here, and nobody minds.
struct Timetable: Sendable {
    private var entries = Queue<(deadline: MonotonicTime, number: Int)>()

    var first: (deadline: MonotonicTime, number: Int)? { entries.first }

    /// - Returns: whether it is the earliest now.
    mutating func insert(_ number: Int, at deadline: MonotonicTime) -> Bool {
        entries.insert((deadline, number)) { $0.deadline <= deadline }
    }

    mutating func removeFirst() { _ = entries.popFirst() }
}
