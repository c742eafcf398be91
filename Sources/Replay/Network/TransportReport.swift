package import Measure

/// What a transport over sockets saw of its target.
package struct TransportReport: Sendable {
    package let faults: FaultTally
    /// From when a PUBLISH was handed over to when the kernel had taken it: what sockets add to a latency.
    package let socketTimes: LatencyHistogram
    /// Of the event loop's thread, all of it.
    package let cpu: Nanoseconds
    package let unanswered: Int
    package let unsentBytes: Int
    /// Packets that were handed over and whose connection ended before they were written: the target never saw them.
    package let cutOff: Int
}
