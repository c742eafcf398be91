package import Measure
package import Traffic

/// How the replay reaches a broker. It knows connections and packets, nothing of sessions or storage;
/// replay and broker meet here and not in an import.
package protocol Transport: AnyObject {
    /// Makes a network connection.
    /// - Returns: its number until it is closed by either side.
    func open(from endpoint: Endpoint, at now: MonotonicTime) -> Int

    /// Sends one whole MQTT packet.
    /// - Parameter intended: when the plan said to send it; latencies count from here.
    func send(_ packet: RawSpan, on connection: Int, intended: MonotonicTime)

    /// Ends the network connection without a word, as a broken link does.
    func close(_ connection: Int, at now: MonotonicTime)

    /// Hands over what has arrived, in order; `body` may send.
    ///
    /// `packet` is one whole packet; a span of no bytes says that the broker closed the connection. Latencies
    /// of answers end at `arrived`, when the packet was read from its socket or, without one, handed out: it
    /// does not count how long the replay takes to get to it.
    func receive(
        at now: MonotonicTime,
        _ body: (_ connection: Int, _ packet: RawSpan, _ arrived: MonotonicTime) -> Void
    )

    /// While `receive` hands over the answer to a PUBLISH: the write that it waited for. Nil if it waited for none, or if
    /// the broker is in another process.
    var commit: CommitTime? { get }

    /// Whether the broker is in this process, so that the time until its answer is its own.
    var isInside: Bool { get }

    /// Sleeps until something may have arrived, or `time`.
    func wait(until time: MonotonicTime)
}

extension Transport {
    package var commit: CommitTime? { nil }
    package var isInside: Bool { false }
}
