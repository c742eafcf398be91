internal import Measure

/// Turns recorded times into offsets from the first event. Offsets never go back: what is told a little late,
/// because frames of several interfaces are not quite in order, is due at once; where the clock was set back,
/// time goes on from where it was.
struct RecordedClock {
    /// Of the last event, nanoseconds since the epoch; nil before the first.
    private var last: Int64?
    /// Largest offset so far.
    private(set) var offset = Nanoseconds.zero
    /// How often the clock was set back.
    private(set) var setBack = 0
    /// Longest time in which nothing happened, and where it began.
    private(set) var silence = (length: Nanoseconds.zero, from: Nanoseconds.zero)

    /// Going back by more than this is no disorder: readers tell nothing that is older.
    private static let disorder = Nanoseconds.seconds(60)

    /// - Parameters:
    ///   - time: nanoseconds since the epoch.
    ///   - isOpening: of a connection, which may be told long after it was.
    @discardableResult
    mutating func note(_ time: Int64, isOpening: Bool = false) -> Nanoseconds {
        guard let last else {
            last = time
            return offset
        }
        let passed = Nanoseconds(time &- last)
        if passed > .zero {
            if passed > silence.length { silence = (passed, offset) }
            offset = offset + passed
            self.last = time
        } else if passed < .zero - Self.disorder, !isOpening {
            setBack += 1
            self.last = time
        }
        return offset
    }
}
