internal import Measure

/// Things to look at when their time has come, in ticks of a second: adding one and finding those that are due costs
/// the same however many there are.
///
/// A thing is looked at not before its time and at most a tick after it. What happens to it meanwhile is not told to
/// the wheel: whoever looks decides whether it is still due, and adds it again if it is due later.
struct TimerWheel<Element> {
    private static var ticks: Int { 512 }
    private static var tick: Int64 { 1_000_000_000 }

    private struct Entry {
        let due: Int64
        let element: Element
    }

    private var slots: [[Entry]] = Array(repeating: [], count: ticks)
    /// The first tick that was not looked at; nil before the first thing is added.
    private var next: Int64?
    private(set) var count = 0

    /// - Parameter due: any time; what is further away than the wheel is large is moved on when the wheel has turned.
    mutating func add(_ element: Element, due: MonotonicTime, at now: MonotonicTime) {
        let first = next ?? Self.number(now)
        if next == nil { next = first }
        let due = Self.number(due + Nanoseconds(Self.tick - 1))
        let place = min(max(due, first), first + Int64(Self.ticks) - 1)
        slots[Int(place % Int64(Self.ticks))].append(Entry(due: due, element: element))
        count += 1
    }

    /// Hands over what is due, in the order of ticks.
    mutating func take(at now: MonotonicTime) -> [Element] {
        guard count > 0, var tick = next else {
            next = nil
            return []
        }
        let last = Self.number(now)
        guard tick <= last else { return [] }
        var due: [Element] = []
        var later: [Entry] = []
        // After a pause of more than a turn every slot is looked at once.
        let steps = min(last - tick + 1, Int64(Self.ticks))
        for _ in 0..<steps {
            let place = Int(tick % Int64(Self.ticks))
            let entries = slots[place]
            slots[place] = []
            count -= entries.count
            for entry in entries {
                if entry.due <= last { due.append(entry.element) } else { later.append(entry) }
            }
            tick += 1
        }
        next = last + 1
        for entry in later {
            let place = min(entry.due, last + Int64(Self.ticks))
            slots[Int(place % Int64(Self.ticks))].append(entry)
            count += 1
        }
        return due
    }

    private static func number(_ time: MonotonicTime) -> Int64 { time.nanoseconds / tick }
}
