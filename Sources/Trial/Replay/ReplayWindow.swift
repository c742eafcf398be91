internal import Measure
internal import Replay
internal import Storage

/// What the broker and this process did while packets were sent: counters at the beginning and at the end, and
/// looks at windows in between.
struct ReplayWindow {
    /// Nil if it is in another process.
    private let broker: InProcessBroker?
    private let start: MonotonicTime
    private var first: Counters
    private var last: Counters
    private var lookDue: MonotonicTime
    private var looks = 0
    private var fullLooks = 0
    private(set) var length = Nanoseconds.zero

    /// It walks over all sessions.
    private static let lookInterval = Nanoseconds.seconds(1)

    private struct Counters {
        var cpu = Nanoseconds.zero
        var burned = Nanoseconds.zero
        var busy = Nanoseconds.zero
        var stall = Nanoseconds.zero
        /// Of each shard's writer, inside commits.
        var committing: [Nanoseconds] = []

        init(_ broker: InProcessBroker?) {
            cpu = processCPU()
            guard let broker else { return }
            (burned, busy) = (broker.burned, broker.busy)
            stall = broker.store.stallTime
            committing = broker.store.flushCounts().map(\.committing)
        }
    }

    /// - Parameter start: before it, counters are read again when there is a look.
    init(of broker: InProcessBroker?, from start: MonotonicTime) {
        self.broker = broker
        self.start = start
        first = Counters(broker)
        last = first
        lookDue = start
    }

    /// Now and then, from the generator's thread; also as the window opens.
    mutating func look(at now: MonotonicTime) {
        guard now >= lookDue else { return }
        if lookDue == start { first = Counters(broker) }
        lookDue = now + Self.lookInterval
        guard let broker else { return }
        looks += 1
        if broker.fullWindows > 0 { fullLooks += 1 }
    }

    mutating func close(at now: MonotonicTime) {
        last = Counters(broker)
        length = max(.zero, now - start)
    }

    /// CPU of the process, without what was burned.
    var cpu: Nanoseconds { last.cpu - first.cpu - burned }
    var burned: Nanoseconds { last.burned - first.burned }
    var stalled: Nanoseconds { last.stall - first.stall }

    var figures: BoundFigures {
        var figures = BoundFigures()
        guard broker != nil else { return figures }
        let seconds = max(1e-3, length.seconds)
        figures.sessions = (last.busy - first.busy).seconds / seconds
        figures.stalled = stalled.seconds / seconds
        let committing = zip(last.committing, first.committing).map { ($0 - $1).seconds }
        figures.writer = (committing.max() ?? 0) / seconds
        figures.fullWindows = looks > 0 ? Double(fullLooks) / Double(looks) : 0
        return figures
    }
}
