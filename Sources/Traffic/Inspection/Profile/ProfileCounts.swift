internal import MQTT

/// What the profile is made of, counted packet by packet.
struct ProfileCounts {
    /// Of clients.
    private(set) var bursts = BurstWindows()
    private(set) var sizes = SizeDistribution()
    private(set) var atQoS = [3 of Int](repeating: 0)
    private(set) var duplicatesFromClients = 0
    private(set) var duplicatesFromBroker = 0
    var latencies = LatencySlices()
    var sessions = TrafficProfile.Sessions()

    mutating func sent(_ header: PublishHeader, at time: Int64) {
        bursts.add(at: time)
        sizes.add(header.payload.count)
        atQoS[Int(header.qos.rawValue)] += 1
        if header.dup { duplicatesFromClients += 1 }
        if header.qos > .atMostOnce { latencies.published(dup: header.dup, at: time) }
    }

    mutating func delivered(_ header: PublishHeader) {
        if header.dup { duplicatesFromBroker += 1 }
    }
}

extension TrafficProfile {
    /// - Parameters:
    ///   - packets: of all types.
    ///   - span: nanoseconds.
    init(_ inspector: Inspector, packets: Int, span: Int64) {
        let counts = inspector.profile
        let seconds = Double(span) * 1e-9
        let publishes = counts.bursts.arrivals
        rate =
            span > 0
            ? Rate(
                publishes: Double(publishes) / seconds,
                payloadBytes: Double(counts.sizes.sum) / seconds,
                packets: Double(packets) / seconds) : nil
        burst = Burst(counts.bursts, span: span)
        payload = Sizes(counts.sizes)
        let all = Double(max(1, publishes))
        qosMix = QoSMix(
            qos0: Double(counts.atQoS[0]) / all, qos1: Double(counts.atQoS[1]) / all,
            qos2: Double(counts.atQoS[2]) / all)
        duplicates = Duplicates(
            fromClients: counts.duplicatesFromClients, fromBroker: counts.duplicatesFromBroker)
        topicTree = TopicTree(inspector.table)
        var sessions = counts.sessions
        sessions.older = inspector.subscriptions.unknownSessions
        self.sessions = sessions
        absences = AbsenceProfile(inspector.subscriptions.absences)
        pubackDrift = LatencyDrift(counts.latencies.slices)
    }
}
