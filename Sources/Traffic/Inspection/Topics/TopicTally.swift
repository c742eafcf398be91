internal import MQTT

/// What clients published on one topic.
struct TopicTally {
    /// What its words say that it is for.
    let named: TopicClass?
    private(set) var publishes = 0
    private(set) var atQoS1: UInt32 = 0
    private(set) var atQoS2: UInt32 = 0
    private(set) var retained: UInt32 = 0
    private(set) var duplicates: UInt32 = 0
    private(set) var payloadBytes = 0
    /// Of publishes without DUP, nanoseconds.
    private(set) var firstTime = Int64.max
    private(set) var lastTime = Int64.min
    /// Between two publishes without DUP, how many and the sum of their squares, seconds².
    private(set) var intervals: UInt32 = 0
    private var squares = 0.0

    init(named: TopicClass?) { self.named = named }

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
        if firstTime == .max { firstTime = time }
        if lastTime != .min {
            let seconds = Double(max(0, time &- lastTime)) * 1e-9
            intervals &+= 1
            squares += seconds * seconds
        }
        lastTime = max(lastTime, time)
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
        let mean = Double(lastTime &- firstTime) * 1e-9 / count
        guard mean > 0 else { return nil }
        let variance = max(0, squares / count - mean * mean)
        return (mean, variance.squareRoot() / mean)
    }
}
