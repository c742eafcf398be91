internal import Broker

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
}
