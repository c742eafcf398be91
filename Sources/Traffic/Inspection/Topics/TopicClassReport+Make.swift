internal import MQTT

extension TopicClassReport {
    /// Reports of the classes that have any publishes, in the order of the decision table.
    ///
    /// - Parameter seconds: length of the capture.
    static func all(_ table: TopicTable, meanPayload: Double, seconds: Double) -> [TopicClassReport]
    {
        let classifier = TopicClassifier(meanPayload: meanPayload)
        var members: [TopicClass: [(topic: Int, judgement: TopicClassifier.Judgement)]] = [:]
        for (topic, tally) in table.tallies.enumerated() where tally.publishes > 0 {
            let judgement = classifier.judge(tally)
            members[judgement.topicClass, default: []].append((topic, judgement))
        }
        return TopicClass.allCases.compactMap { topicClass in
            members[topicClass].map { TopicClassReport(topicClass, $0, table, seconds: seconds) }
        }
    }

    private init(
        _ topicClass: TopicClass, _ members: [(topic: Int, judgement: TopicClassifier.Judgement)],
        _ table: TopicTable, seconds: Double
    ) {
        let tallies = members.map { table.tallies[$0.topic] }
        let counts = QoS.allCases.map { qos in tallies.reduce(0) { $0 + $1.count(at: qos) } }
        let publishes = tallies.reduce(0) { $0 + $1.publishes }
        let sum = Double(max(1, publishes))
        self.topicClass = topicClass
        topics = members.count
        self.publishes = publishes
        (publishesAtQoS0, publishesAtQoS1, publishesAtQoS2) = (counts[0], counts[1], counts[2])
        retainedPublishes = tallies.reduce(0) { $0 + Int($1.retained) }
        meanPayloadBytes = Double(tallies.reduce(0) { $0 + $1.payloadBytes }) / sum
        confidence =
            zip(members, tallies).reduce(0.0) {
                $0 + $1.0.judgement.confidence * Double($1.1.publishes)
            } / sum
        evidence = TopicClassifier.Evidence.allCases.compactMap { evidence in
            let count = members.count { $0.judgement.evidence == evidence }
            return count > 0 ? "\(count) topics: \(evidence.rawValue)" : nil
        }
        let periods = tallies.compactMap { $0.rhythm?.period }.sorted()
        periodSeconds = periods.isEmpty ? nil : periods[periods.count / 2]
        let sampled = table.sampled(Set(members.map(\.topic)))
        sampledBytes = sampled.count
        snappyRatio =
            sampled.isEmpty
            ? nil : Double(BlockCompression.snappy(sampled)) / Double(sampled.count)
        zstdRatio =
            sampled.isEmpty ? nil : Double(BlockCompression.zstd(sampled)) / Double(sampled.count)
        let decision = Decision.of(topicClass)
        qos = decision.map { Int($0.qos.rawValue) }
        reasoning = decision?.reasoning
        verdict = decision.map { Self.verdict(counts, $0.qos) } ?? .unknown
        saves = decision.flatMap { Self.savings(counts, $0.qos, seconds: seconds) }
        patterns = TopicPatterns.groups(
            members.map { (table.text(of: $0.topic), table.tallies[$0.topic].publishes) }
        ).prefix(3).map(\.pattern)
    }

    /// Publishes that are otherwise than the table has it may be one in twenty.
    private static let tolerance = 0.05

    private static func verdict(_ counts: [Int], _ qos: QoS) -> Verdict {
        let level = Int(qos.rawValue)
        let allowed = Double(counts.reduce(0, +)) * tolerance
        let isTooLow = Double(counts[..<level].reduce(0, +)) > allowed
        let isTooHigh = Double(counts[(level + 1)...].reduce(0, +)) > allowed
        switch (isTooLow, isTooHigh) {
        case (false, false): return .right
        case (true, false): return .tooLow
        case (false, true): return .tooHigh
        case (true, true): return .mixed
        }
    }

    private static func savings(_ counts: [Int], _ qos: QoS, seconds: Double) -> Savings? {
        guard seconds > 0 else { return nil }
        let packets = QoS.allCases.filter { $0 > qos }.reduce(0) {
            $0 + counts[Int($1.rawValue)] * ($1.packets - qos.packets)
        }
        // Two rows for each handshake of QoS 2.
        let puts = qos < .exactlyOnce ? 2 * counts[2] : 0
        guard packets > 0 else { return nil }
        return Savings(
            packets: Double(packets) / seconds, puts: puts > 0 ? Double(puts) / seconds : nil)
    }
}

extension TopicTable {
    /// The sampled payloads of these topics, those of one topic beside each other, as in a table.
    func sampled(_ topics: Set<Int>) -> [UInt8] {
        let wanted = samples.samples.enumerated().filter { topics.contains($0.element.topic) }
            .sorted { ($0.element.topic, $0.offset) < ($1.element.topic, $1.offset) }
        var bytes: [UInt8] = []
        for (_, sample) in wanted { bytes.append(contentsOf: samples.bytes[sample.range]) }
        return bytes
    }
}
