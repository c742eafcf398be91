package import MQTT
package import Measure

/// What the replay saw from the clients' side. Latencies and counts of messages are of those whose intended time lies
/// in the measured window; what went wrong is counted over the whole run.
package struct Recorder: Sendable {
    /// Counts by QoS, 0 to 2.
    package struct ByQoS: Codable, Sendable, Equatable {
        package var counts = [0, 0, 0]
        package var total: Int { counts.reduce(0, +) }
        package subscript(qos: QoS) -> Int { counts[Int(qos.rawValue)] }
        package init() {}
        mutating func add(_ qos: QoS) { counts[Int(qos.rawValue)] += 1 }
    }

    /// PUBLISHes that the timeline asked for. Some repeat a message, as their client did in the recording.
    package internal(set) var sent = ByQoS()
    /// PUBACKs and PUBRECs with a success code.
    package internal(set) var acknowledged = ByQoS()
    /// Without repetitions that the identifier at QoS 2 gives away.
    package internal(set) var delivered = ByQoS()
    /// Messages that were due in the window and were never sent: there was no connection to go out on, or the broker
    /// did not let them for longer than the client's patience.
    package internal(set) var unsent = 0

    /// Messages that were sent again because the session was taken up without their answer; beside `sent`.
    package internal(set) var resent = 0
    /// Deliveries at QoS 2 that came again before they were released.
    package internal(set) var redelivered = 0
    /// Messages that had no answer when their session was lost.
    package internal(set) var abandoned = 0
    /// PUBACKs and PUBRECs with a failure code.
    package internal(set) var refused = 0
    /// CONNACKs with a failure code.
    package internal(set) var turnedAway = 0
    /// Connections that the broker ended and that were to go on.
    package internal(set) var dropped = 0
    /// Connections that clients made by themselves after that.
    package internal(set) var returns = 0
    /// CONNECTs that were not answered for longer than the client's patience.
    package internal(set) var silent = 0
    /// Answers to nothing that was asked, and packets that are not MQTT.
    package internal(set) var unexpected = 0
    package internal(set) var malformed = 0
    /// PINGREQs beside the recorded ones.
    package internal(set) var ownPings = 0
    /// PUBLISHes whose alias stands for no known topic.
    package internal(set) var unknownAliases = 0

    /// What PUBACKs and PUBRECs waited for: the generator, until the message was sent, and from there on the broker and
    /// what lies before it, which is told as the session's.
    package private(set) var acknowledgementSplit = LatencySplit()

    /// Of the time since `takeInterval` was last called.
    var interval = Latencies()
    private var before = Latencies()

    package init() {}

    /// Of the whole window so far.
    package var latencies: Latencies {
        var latencies = before
        latencies.add(interval)
        return latencies
    }
    package var lag: LatencyHistogram { total(\.lag) }
    package var puback: LatencyHistogram { total(\.puback) }
    package var pubrec: LatencyHistogram { total(\.pubrec) }
    package var pubcomp: LatencyHistogram { total(\.pubcomp) }

    /// What was recorded since the last call, as for a line of a log; the whole keeps it.
    package mutating func takeInterval() -> Latencies {
        defer { interval = Latencies() }
        before.add(interval)
        return interval
    }

    mutating func noteAcknowledged(
        _ qos: QoS, intended: MonotonicTime, sent: MonotonicTime, at arrived: MonotonicTime,
        by commit: CommitTime?, inside: Bool
    ) {
        acknowledged.add(qos)
        if qos == .atLeastOnce {
            interval.puback.record(arrived - intended)
        } else {
            interval.pubrec.record(arrived - intended)
        }
        var spent = LatencySplit.Spent()
        spent[.generator] = sent - intended
        if let commit {
            spent[.batchWait] = commit.began - sent
            spent[.storageWrite] = commit.ended - commit.began - commit.stalled
            spent[.stall] = commit.stalled
            spent[.session] = arrived - commit.ended
        } else {
            spent[inside ? .session : .target] = arrived - sent
        }
        acknowledgementSplit.record(spent)
    }

    private func total(_ kind: KeyPath<Latencies, LatencyHistogram>) -> LatencyHistogram {
        var total = before[keyPath: kind]
        if interval[keyPath: kind].count > 0 { total.add(interval[keyPath: kind]) }
        return total
    }

    /// Whether the sender was later than `limit` at the 99th percentile: then the run says something of the generator
    /// and nothing of the broker, and is not ranked.
    package func isGeneratorBound(limit: Nanoseconds) -> Bool {
        (lag.percentile(99) ?? .zero) > limit
    }
}
