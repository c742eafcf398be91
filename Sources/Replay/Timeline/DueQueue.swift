/// Who or what is due when, the earliest first; of one time, in the order in which they were added.
struct DueQueue<Time: Comparable, Element> {
    private struct Entry {
        let time: Time
        let number: Int
        let element: Element

        func isBefore(_ other: Entry) -> Bool { (time, number) < (other.time, other.number) }
    }

    /// A binary heap.
    private var heap: [Entry] = []
    private var added = 0

    var isEmpty: Bool { heap.isEmpty }

    /// When the first is due; nil if there is none.
    var next: Time? { heap.first?.time }

    mutating func add(_ element: Element, at time: Time) {
        heap.append(Entry(time: time, number: added, element: element))
        added += 1
        var place = heap.count - 1
        while place > 0, heap[place].isBefore(heap[(place - 1) / 2]) {
            heap.swapAt(place, (place - 1) / 2)
            place = (place - 1) / 2
        }
    }

    /// Takes out the first.
    mutating func take() -> Element? {
        guard let first = heap.first else { return nil }
        heap.swapAt(0, heap.count - 1)
        heap.removeLast()
        sink()
        return first.element
    }

    /// Takes out all of these, the earliest first.
    mutating func removeAll(where isMeant: (Element) -> Bool) -> [Element] {
        let taken = heap.filter { isMeant($0.element) }.sorted { $0.isBefore($1) }
        guard !taken.isEmpty else { return [] }
        // In order, which is a heap.
        heap = heap.filter { !isMeant($0.element) }.sorted { $0.isBefore($1) }
        return taken.map(\.element)
    }

    private mutating func sink() {
        var place = 0
        while true {
            var least = place
            for child in 2 * place + 1...2 * place + 2
            where child < heap.count && heap[child].isBefore(heap[least]) {
                least = child
            }
            guard least != place else { return }
            heap.swapAt(place, least)
            place = least
        }
    }
}
