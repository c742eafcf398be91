package import Measure

/// What writers measured in the measured window, of one shard or of all together.
package struct Measured: Sendable {
    /// Intended time to commit, of messages whose intended time lies in the window.
    package var durable = LatencyHistogram()
    /// What these messages waited for on their way there.
    package var split = LatencySplit()
    /// Duration of the flushes that began in the window.
    package var flush = LatencyHistogram()
    /// Waiting for the shared log, of the flushes that began in the window; empty without one.
    package var logWait = LatencyHistogram()
    /// Messages whose intended time lies in the window, also when they were committed after it.
    package var stored = 0
    /// Messages committed within the window, whenever they were intended.
    package var committed = 0
}
