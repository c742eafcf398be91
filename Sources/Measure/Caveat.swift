/// A reason to trust a measurement less. Printed beside the number it concerns, never only in a log.
package enum Caveat: Codable, Equatable, Sendable {
    /// The generator was late: the load was not open-loop for a while. A trial with it is never ranked.
    case generatorBound(lagP99: Nanoseconds, limit: Nanoseconds)
    /// The broker ended connections that the plan still wanted to send on: the load was lighter.
    case notSent(count: Int)
    /// Fewer L0 compactions than a certificate needs: the shape of the tree was never exercised.
    case tooFewCycles(count: Int, needed: Int)
    /// The tail percentile rests on too few samples.
    case tooFewSamples(count: UInt64, needed: UInt64)
    /// Messages waited longer and longer: the settings do not sustain this rate, and the percentile
    /// depends on how long the trial was. A trial with it is never ranked.
    case growingQueue(depthAtEnd: Int, depthAtHalf: Int)
    /// Compaction had not caught up within the bound on draining.
    case notDrained(after: Nanoseconds)
    /// Opened with this setting, the start state had compactions to do that were not over in time: they ran
    /// on into the traffic.
    case startNotDrained(after: Nanoseconds)
    /// Messages that were accepted were not durable within the bound on draining.
    case notStored(count: Int)

    /// Whether a trial with this doubt may be compared with others.
    package var disqualifies: Bool {
        switch self {
        case .generatorBound, .notSent, .tooFewCycles, .notStored, .growingQueue: true
        case .tooFewSamples, .notDrained, .startNotDrained: false
        }
    }

    package var sentence: String {
        switch self {
        case .generatorBound(let lag, let limit):
            "generator-bound: the sender was late by \(milliseconds(lag)) at p99 (limit \(milliseconds(limit)))"
        case .notSent(let count): "\(count) packets had no connection to be sent on"
        case .tooFewCycles(let count, let needed):
            "no certificate: \(count) L0 compactions completed, \(needed) needed"
        case .tooFewSamples(let count, let needed):
            "\(count) samples, the percentile wants \(needed)"
        case .growingQueue(let end, let half):
            "overload: \(end) messages waited at the end, \(half) half way"
        case .notDrained(let bound):
            "compaction had not caught up \(milliseconds(bound)) after the last message"
        case .startNotDrained(let bound):
            "compaction of the start state had not rested \(milliseconds(bound)) after it was opened"
        case .notStored(let count):
            "\(count) messages were still waiting to be stored when the bound on draining was over"
        }
    }

    private func milliseconds(_ span: Nanoseconds) -> String {
        let tenths = span.count / 100_000
        return "\(tenths / 10).\(abs(tenths % 10)) ms"
    }
}
