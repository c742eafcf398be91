internal import Measure

extension Verification {
    /// Lost against the promise.
    package var lostBeyondPromise: Int {
        lostAcknowledged - lostToKill - lostToIdentifier - lostToQueueLimit
    }
    /// Came twice against the promise, by QoS; at QoS 1 that is always allowed.
    package var duplicatesBeyondPromise: [Int] {
        [duplicates[0] - duplicatesByKill[0], 0, duplicates[2] - duplicatesByKill[2]]
    }

    /// Whether the broker kept what it promised, as far as was seen.
    package var holds: Bool { violations.isEmpty }

    /// What it did against its promise, a sentence each.
    package var violations: [String] {
        var sentences: [String] = []
        func add(_ count: Int, _ sentence: String) {
            if count > 0 { sentences.append("\(count) \(sentence)") }
        }
        add(lostBeyondPromise, "acknowledged and never delivered")
        add(duplicatesBeyondPromise[2], "delivered twice at QoS 2")
        add(duplicatesBeyondPromise[0], "delivered twice at QoS 0")
        add(orderViolations, "delivered out of order")
        add(expiredDeliveries, "delivered after they had expired")
        add(expiryNotReduced, "delivered with more time left than they can have")
        add(sessionsForgotten, "sessions forgotten")
        add(retained.wrong, "retained messages that were not the current ones")
        add(retained.missing, "retained messages not sent to a new subscription")
        add(wills.witnessed - wills.fired, "wills not published")
        add(wills.uncalled, "wills published that should not have been")
        add(latency.late, "delivered later than the limit")
        if promise.isOurs {
            add(unknown, "delivered that nobody had sent")
            add(unasked, "delivered to clients that had not asked for them")
        }
        return sentences
    }

    /// What the promise allows, or what nobody can say; a sentence each.
    package var remarks: [String] {
        var sentences: [String] = []
        func add(_ count: Int, _ sentence: String) {
            if count > 0 { sentences.append("\(count) \(sentence)") }
        }
        if !isComplete {
            sentences.append(
                "the ledger was not closed: what was under way at its end was not seen")
        }
        if lostToKill > 0 {
            let before = longestLoss.map { ", up to \(Int($0.seconds * 1e3)) ms before" } ?? ""
            sentences.append(
                "\(lostToKill) acknowledged before the kill\(before), and lost: \(promise.name) does not "
                    + "promise more")
        }
        add(
            lostToIdentifier,
            "at QoS 2 sent after the kill and lost: the broker had forgotten that their identifiers were "
                + "released, and took them for earlier messages, as its session commits allow")
        add(lostToQueueLimit, "beyond the broker's limit for one session, and dropped")
        add(
            duplicatesByKill[0] + duplicatesByKill[2],
            "delivered again at QoS 0 or 2 after the kill, as its session commits allow")
        add(duplicates[1], "delivered again at QoS 1")
        add(pending, "owed to clients that were away at the end")
        add(endedWithSession, "owed to sessions that ended with their connection")
        add(expired, "not delivered because they had expired")
        add(unanswered, "sent at QoS 1 or 2 and not answered: the broker owes nothing")
        add(refused, "refused by the broker")
        add(missingQoS0, "at QoS 0 not delivered to a subscriber that was connected")
        if !promise.isOurs {
            add(unknown, "delivered that the replay had not sent")
            add(unasked, "delivered to clients that were not seen to ask for them")
        }
        let unseen = wills.due - wills.witnessed
        add(unseen, "wills due with nobody to see them")
        return sentences
    }
}
