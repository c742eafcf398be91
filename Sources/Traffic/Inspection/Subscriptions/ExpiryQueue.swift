/// Who is due when: a binary heap with the earliest on top. Entries are not taken back; who is asked for
/// decides whether an entry still means anything.
struct ExpiryQueue<Element> {
    private var heap: [(time: Int64, element: Element)] = []

    /// When the next is due; `Int64.max` if nothing is.
    var next: Int64 { heap.first?.time ?? .max }

    mutating func add(_ element: Element, at time: Int64) {
        heap.append((time, element))
        var place = heap.count - 1
        while place > 0, heap[place].time < heap[(place - 1) / 2].time {
            heap.swapAt(place, (place - 1) / 2)
            place = (place - 1) / 2
        }
    }

    /// Takes out the earliest if it is due.
    mutating func take(at time: Int64) -> Element? {
        guard let first = heap.first, first.time <= time else { return nil }
        heap.swapAt(0, heap.count - 1)
        heap.removeLast()
        var place = 0
        while true {
            var least = place
            for child in 2 * place + 1...2 * place + 2
            where child < heap.count && heap[child].time < heap[least].time {
                least = child
            }
            guard least != place else { return first.element }
            heap.swapAt(place, least)
            place = least
        }
    }
}
