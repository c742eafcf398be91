internal import Broker
internal import Measure

extension BrokerHost {
    /// What metrics say of connections and sessions. Looks at every session once, so it is for scrapes.
    /// - Precondition: on the loop.
    func snapshot() -> HostSnapshot {
        HostSnapshot(
            counters: layer.counters, totals: layer.totals(), connections: connectionCount,
            heldAnswers: layer.heldAnswers, received: meter.received, sent: meter.sent,
            puback: meter.puback, pubrec: meter.pubrec)
    }
}

/// What the event loop counts of the packets that pass it. Counting allocates nothing.
struct HostMeter {
    var received = PacketCounts()
    var sent = PacketCounts()
    var puback = LatencyBuckets()
    var pubrec = LatencyBuckets()

    /// Acknowledgements that were handed to their sockets just now.
    mutating func answered(_ answers: [Outbox.Answered]) {
        guard !answers.isEmpty else { return }
        let now = MonotonicTime.now()
        for answer in answers {
            switch answer.kind {
            case .puback: puback.record(now - answer.received)
            case .pubrec: pubrec.record(now - answer.received)
            }
        }
    }
}
