package import Measure

/// How clients and the generator behave where a recording does not say it.
package struct ReplayOptions: Sendable {
    /// Clients come back by themselves, so long after the broker has ended their connection; nil: only when the
    /// recording says so. Each failure doubles it, up to eight times.
    package var reconnectAfter: Nanoseconds?
    /// How long a client waits for a CONNACK, or with a message for the broker to take more.
    package var patience = Nanoseconds.seconds(30)
    /// At infinite speed: messages that may be without answer before the next one is sent.
    package var unansweredLimit = 10_000
    /// Steps that may wait, and bytes kept for them and for messages without answer. Beyond, the run ends: the target
    /// is overloaded.
    package var deferredLimit = 2_000_000
    package var keptBytesLimit = 2 << 30
    /// Stay awake before due times, and on one core; nil: if this many cores leave some to spare.
    package var spins: Bool?
    package var pins: Bool?
    /// Be scheduled before everything else; nil: where it sleeps between due times. What the system refuses is not an
    /// error.
    package var realTime: Bool?

    package init() {}
}
