internal import MQTT

/// What clients published on one topic.
struct TopicTally {
    /// What its words say that it is for.
    let named: TopicClass?
    /// EMQX takes topics with so many levels.
    let isTaken: Bool
    private(set) var publishes = 0
    private(set) var atQoS1: UInt32 = 0
    private(set) var atQoS2: UInt32 = 0
    private(set) var retained: UInt32 = 0
    private(set) var duplicates: UInt32 = 0
    private(set) var payloadBytes = 0
    /// Of the last publish without DUP, nanoseconds.
    private(set) var lastTime = Int64.min
    /// Between two publishes without DUP, gaps left out: how many, their sum in seconds, and the sum of their
    /// squares.
    private(set) var intervals: UInt32 = 0
    private var sum = 0.0
    private var squares = 0.0
    /// An interval of so many means is a gap: the sensor was away.
    private static let gap = 4.0

    init(_ topic: RawSpan) {
        named = TopicClass.named(by: topic)
        isTaken = levelCount(of: topic) <= TopicTable.deepest
    }

    mutating func add(_ header: PublishHeader, at time: Int64) {
        publishes += 1
        switch header.qos {
        case .atMostOnce: break
        case .atLeastOnce: atQoS1 &+= 1
        case .exactlyOnce: atQoS2 &+= 1
        }
        if header.retain { retained &+= 1 }
        payloadBytes += header.payload.count
        guard !header.dup else {
            duplicates &+= 1
            return
        }
        if lastTime != .min { note(interval: Double(max(0, time &- lastTime)) * 1e-9) }
        lastTime = max(lastTime, time)
    }

    private mutating func note(interval seconds: Double) {
        guard intervals < 2 || seconds <= Self.gap * sum / Double(intervals) else { return }
        intervals &+= 1
        sum += seconds
        squares += seconds * seconds
    }

    func count(at qos: QoS) -> Int {
        switch qos {
        case .atMostOnce: publishes - Int(atQoS1) - Int(atQoS2)
        case .atLeastOnce: Int(atQoS1)
        case .exactlyOnce: Int(atQoS2)
        }
    }

    /// Mean seconds between two publishes, and their coefficient of variation: 0 is a clock, 1 is chance.
    /// Nil for fewer than three intervals.
    var rhythm: (period: Double, variation: Double)? {
        guard intervals >= 3 else { return nil }
        let count = Double(intervals)
        let mean = sum / count
        guard mean > 0 else { return nil }
        let variance = max(0, squares / count - mean * mean)
        return (mean, variance.squareRoot() / mean)
    }
}
