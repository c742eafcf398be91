/// Reads traces and lines of JSON that belong together as one: event by event in the order of their times,
/// whatever file they are in. Within one file the order is the file's.
struct EventReader {
    private var waiting: [Waiting] = []
    private(set) var summaries: [CaptureSummary] = []
    private var tally = FrameTally()

    private struct Waiting {
        let open: () throws(CaptureError) -> EventSource
        /// Of its first event; the end of time if it has none.
        let time: Int64
        /// Open since it was looked at, because it cannot be opened twice or there are few.
        let source: EventSource?

        func start() throws(CaptureError) -> EventSource {
            if let source { return source }
            return try open()
        }
    }

    /// Files that are open together, 3 MB each: only those that overlap in time have to be.
    private static let openLimit = 16

    /// Looks at the first event of each.
    init(_ entries: [SourceList.Entry]) throws(CaptureError) {
        for entry in entries {
            let source = try EventSource(try entry.open())
            let isKept = !source.canReopen || entries.count <= Self.openLimit
            waiting.append(
                Waiting(
                    open: { () throws(CaptureError) in
                        try EventSource(CaptureInput(path: source.path))
                    },
                    time: source.nextTime ?? .max, source: isKept ? source : nil))
        }
        // Rotated files are often named in another order; those of one time stay as they were given.
        waiting = waiting.enumerated()
            .sorted { ($0.element.time, $0.offset) < ($1.element.time, $1.offset) }
            .map(\.element)
    }

    /// Tells everything, until the observer has enough.
    /// - Returns: what the recordings were like that the files come from.
    mutating func read<O: TrafficObserver>(
        into listener: inout Listener<O>
    ) throws(CaptureError) -> FrameTally {
        var open: [EventSource] = []
        var carried = CarriedConnections()
        var number = 0
        while listener.observer.wantsMore {
            while number < waiting.count, open.count < Self.openLimit,
                open.allSatisfy({ waiting[number].time < $0.nextTime ?? .max })
            {
                open.append(try waiting[number].start())
                number += 1
            }
            var first = 0
            for index in open.indices where open[index].isBefore(open[first]) { first = index }
            guard first < open.count else { break }
            let bound =
                number < waiting.count && open.count < Self.openLimit ? waiting[number].time : .max
            let others = open.indices.filter { $0 != first }.map { open[$0].nextTime ?? .max }
            try open[first].run(until: others.reduce(bound, min), &listener, &carried)
            guard open[first].nextTime == nil else { continue }
            let source = open.remove(at: first)
            source.finish(&carried)
            note(source)
        }
        for source in open {
            source.finish(&carried)
            note(source)
        }
        carried.end(&listener)
        return tally
    }

    private mutating func note(_ source: EventSource) {
        summaries.append(source.summary)
        tally.add(source.facts)
        if source.isCutOff {
            tally.notes.append(
                "\(source.path) was cut off: it was read up to its last whole block")
        }
    }
}
