internal import Measure

extension Verification {
    /// Adds what another reading of the ledger found on other topics.
    /// - Parameter isFirst: sessions and kills are seen by every reading, and count once.
    mutating func add(_ other: Verification, isFirst: Bool) {
        for path: WritableKeyPath<Verification, [Int]> in [
            \.sent, \.acknowledged, \.delivered, \.confirmed, \.duplicates, \.duplicatesByKill,
        ] {
            for place in self[keyPath: path].indices {
                self[keyPath: path][place] += other[keyPath: path][place]
            }
        }
        for path: WritableKeyPath<Verification, Int> in [
            \.refused, \.resent, \.endedWithSession, \.unanswered, \.lostAcknowledged, \.lostToKill,
            \.lostToIdentifier, \.pending, \.expired, \.missingQoS0,
            \.sentAgain, \.orderViolations, \.expiredDeliveries,
            \.expiryNotReduced, \.unasked, \.unknown, \.owed,
            \.retained.delivered, \.retained.wrong, \.retained.missing,
            \.wills.due, \.wills.witnessed, \.wills.fired, \.wills.uncalled, \.latency.late,
        ] {
            self[keyPath: path] += other[keyPath: path]
        }
        longestLoss = [longestLoss, other.longestLoss].compactMap { $0 }.max()
        latency.live.add(other.latency.live)
        latency.resumed.add(other.latency.resumed)
        latency.sinceResume.add(other.latency.sinceResume)
        examples = Array((examples + other.examples).prefix(Audit.exampleLimit))
        if isFirst {
            sessionsForgotten = other.sessionsForgotten
            crash = other.crash
        }
        let first = [crash?.untilFirstQueued, other.crash?.untilFirstQueued].compactMap { $0 }.min()
        crash?.untilFirstQueued = first
    }
}
