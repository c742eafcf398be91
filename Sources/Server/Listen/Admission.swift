internal import Measure

/// How many connections a listener lets in, at once and per second. Confined to the event loop.
final class Admission {
    private let most: Int
    /// Connections per second; nil for no bound.
    private let rate: Double?
    private(set) var open = 0
    /// Connections that may come now: fills at `rate`, holds those of one second.
    private var tokens: Double
    private var filled: MonotonicTime

    /// - Parameter rate: per second; nil for no bound.
    init(most: Int, rate: Double?, at now: MonotonicTime) {
        self.most = most
        self.rate = rate
        tokens = Self.capacity(rate ?? 0)
        filled = now
    }

    /// Counts a new connection in, unless there are too many or they come too fast.
    func enter(at now: MonotonicTime) -> Bool {
        guard open < most, takeToken(at: now) else { return false }
        open += 1
        return true
    }

    func leave() { open -= 1 }

    private func takeToken(at now: MonotonicTime) -> Bool {
        guard let rate else { return true }
        tokens = min(Self.capacity(rate), tokens + (now - filled).seconds * rate)
        filled = now
        guard tokens >= 1 else { return false }
        tokens -= 1
        return true
    }

    private static func capacity(_ rate: Double) -> Double { max(1, rate) }
}
