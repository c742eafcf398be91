/// Who or what is due when, the earliest first; of one time, in the order in which they were added.
///
/// Inlinable, because it turns for every message of those who use it, in other modules.
package struct DueQueue<Time: Comparable, Element> {
    @usableFromInline
    struct Entry {
        @usableFromInline let time: Time
        @usableFromInline let number: Int
        @usableFromInline let element: Element

        @inlinable
        init(time: Time, number: Int, element: Element) {
            (self.time, self.number, self.element) = (time, number, element)
        }

        @inlinable
        func isBefore(_ other: Entry) -> Bool { (time, number) < (other.time, other.number) }
    }

    /// A binary heap.
    @usableFromInline var heap: [Entry] = []
    @usableFromInline var added = 0

    @inlinable package init() {}

    @inlinable package var isEmpty: Bool { heap.isEmpty }

    /// When the first is due; nil if there is none.
    // Not by `first`, which allocates where it is not specialised.
    @inlinable package var next: Time? {
        @inline(__always) get { heap.isEmpty ? nil : heap[0].time }
    }

    @inlinable
    package mutating func add(_ element: Element, at time: Time) {
        let entry = Entry(time: time, number: added, element: element)
        added += 1
        heap.append(entry)
        var place = heap.count - 1
        while place > 0, entry.isBefore(heap[(place - 1) / 2]) {
            heap[place] = heap[(place - 1) / 2]
            place = (place - 1) / 2
        }
        heap[place] = entry
    }

    /// Takes out the first.
    @inlinable
    package mutating func take() -> Element? {
        guard let last = heap.popLast() else { return nil }
        guard !heap.isEmpty else { return last.element }
        let first = heap[0]
        var place = 0
        while true {
            var child = 2 * place + 1
            guard child < heap.count else { break }
            if child + 1 < heap.count, heap[child + 1].isBefore(heap[child]) { child += 1 }
            guard heap[child].isBefore(last) else { break }
            heap[place] = heap[child]
            place = child
        }
        heap[place] = last
        return first.element
    }

    /// Takes out all of these, the earliest first.
    package mutating func removeAll(where isMeant: (Element) -> Bool) -> [Element] {
        let taken = heap.filter { isMeant($0.element) }.sorted { $0.isBefore($1) }
        guard !taken.isEmpty else { return [] }
        // In order, which is a heap.
        heap = heap.filter { !isMeant($0.element) }.sorted { $0.isBefore($1) }
        return taken.map(\.element)
    }
}
