import Measure
import Testing

/// Fleets that are made and clients that are replayed take their turns from it.
struct DueQueueTests {
    /// Fails if something is lost, comes before its time, or overtakes what was added for the same time before it.
    @Test(arguments: 0..<20 as Range<UInt64>) func comesInOrderOfTimeAndThenOfAdding(
        _ number: UInt64
    ) {
        var seed = Seed(number)
        var queue = DueQueue<Int, Int>()
        var waiting: [(time: Int, element: Int)] = []
        for element in 0..<2_000 {
            let time = Int.random(in: 0..<50, using: &seed)
            queue.add(element, at: time)
            waiting.append((time, element))
            guard Bool.random(using: &seed) else { continue }
            let first = waiting.indices.min { a, b in
                (waiting[a].time, waiting[a].element) < (waiting[b].time, waiting[b].element)
            }
            let expected = first.map { waiting.remove(at: $0) }
            #expect(queue.next == expected?.time, "seed \(number)")
            #expect(queue.take() == expected?.element, "seed \(number)")
        }
        let even = waiting.filter { $0.element % 2 == 0 }.sorted { $0 < $1 }
        #expect(queue.removeAll { $0 % 2 == 0 } == even.map(\.element), "seed \(number)")
        var left: [Int] = []
        while let element = queue.take() { left.append(element) }
        let odd = waiting.filter { $0.element % 2 == 1 }.sorted { $0 < $1 }
        #expect(left == odd.map(\.element) && queue.isEmpty, "seed \(number)")
    }
}
