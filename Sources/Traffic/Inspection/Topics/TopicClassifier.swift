internal import MQTT

/// Says what topics are for, from their words and, where these say nothing, from their traffic.
struct TopicClassifier {
    /// The class of one topic, how sure it is, and why.
    struct Judgement {
        let topicClass: TopicClass
        /// 0 to 1.
        let confidence: Double
        let evidence: Evidence
    }

    enum Evidence: String, CaseIterable {
        case wordsAndTraffic =
            "a level of the topic is a word for it, and the traffic looks like it"
        case words = "a level of the topic is a word for it"
        case wordsAgainstTraffic =
            "a level of the topic is a word for it, although the traffic looks otherwise"
        case retained = "no word says so; its messages are retained"
        case exactlyOnce = "no word says so; its messages are sent at QoS 2"
        case size = "no word says so; its messages are four times as large as the mean"
        case rhythm = "no word says so; its messages come at regular intervals"
        case nothing = "neither words nor traffic say what it is for"
    }

    /// Intervals that vary by less than this are a rhythm: chance alone gives 1.
    private static let regular = 0.5
    private static let large = 4.0

    /// Mean payload of all publishes, bytes.
    let meanPayload: Double

    func judge(_ tally: TopicTally) -> Judgement {
        guard let named = tally.named else { return byTraffic(tally) }
        // A word for a reading with every message retained is a latest value.
        if named == .reading, tally.publishes > 1, share(tally.retained, tally) > 0.9 {
            return Judgement(topicClass: .latest, confidence: 0.6, evidence: .retained)
        }
        switch agrees(named, tally) {
        case true?:
            return Judgement(topicClass: named, confidence: 0.95, evidence: .wordsAndTraffic)
        case nil: return Judgement(topicClass: named, confidence: 0.85, evidence: .words)
        case false?:
            return Judgement(topicClass: named, confidence: 0.6, evidence: .wordsAgainstTraffic)
        }
    }

    private func byTraffic(_ tally: TopicTally) -> Judgement {
        if share(tally.retained, tally) > 0.5 {
            return Judgement(topicClass: .latest, confidence: 0.6, evidence: .retained)
        }
        if let rhythm = tally.rhythm, rhythm.variation < Self.regular {
            let size = Double(tally.payloadBytes) / Double(max(1, tally.publishes))
            return size > Self.large * meanPayload
                ? Judgement(topicClass: .batch, confidence: 0.5, evidence: .size)
                : Judgement(topicClass: .reading, confidence: 0.6, evidence: .rhythm)
        }
        if share(tally.atQoS2, tally) > 0.9, tally.publishes > 1 {
            return Judgement(topicClass: .command, confidence: 0.4, evidence: .exactlyOnce)
        }
        return Judgement(topicClass: .other, confidence: 1, evidence: .nothing)
    }

    /// Whether the traffic looks as this class does; nil if there is too little of it.
    private func agrees(_ topicClass: TopicClass, _ tally: TopicTally) -> Bool? {
        let isRegular = tally.rhythm.map { $0.variation < Self.regular }
        switch topicClass {
        case .reading: return isRegular
        case .alert: return isRegular.map { !$0 }
        case .command: return tally.publishes > 1 ? share(tally.retained, tally) < 0.5 : nil
        case .batch: return Double(tally.payloadBytes) > meanPayload * Double(tally.publishes)
        case .latest: return share(tally.retained, tally) > 0.5
        case .other: return nil
        }
    }

    private func share(_ count: UInt32, _ tally: TopicTally) -> Double {
        Double(count) / Double(max(1, tally.publishes))
    }
}
