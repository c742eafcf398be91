package import Measure

/// What a ledger says of a broker. Counts are messages unless they say something else; of three, by QoS.
package struct Verification: Codable, Sendable {
    package let promise: Promise
    /// Whether the ledger was closed. If not, the replay was killed and what is missing may just not have been seen.
    package internal(set) var isComplete = false
    package internal(set) var ledgerBytes = Bytes.zero

    /// Messages that clients sent, each once, however often it was sent again.
    package internal(set) var sent = [0, 0, 0]
    /// PUBLISHes beside these, that a client sent again because it had no answer.
    package internal(set) var resent = 0
    /// Of those at QoS 1 and 2, what the broker took: PUBACK or PUBREC without a failure.
    package internal(set) var acknowledged = [0, 0, 0]
    /// Answered with a failure.
    package internal(set) var refused = 0
    /// At QoS 1 and 2, without an answer: the broker owes nothing.
    package internal(set) var unanswered = 0
    /// PUBLISHes that clients were sent, those again included; by the QoS of the delivery.
    package internal(set) var delivered = [0, 0, 0]
    /// Deliveries that clients acknowledged: PUBACK or PUBCOMP.
    package internal(set) var confirmed = [0, 0, 0]
    /// Deliveries at QoS 1 and 2 that subscribers with a session were to get; one message may owe many.
    package internal(set) var owed = 0

    /// Owed after an acknowledgement and not delivered to a subscriber that was there to take it. Of these:
    package internal(set) var lostAcknowledged = 0
    /// acknowledged before the broker was killed, where the promise does not cover that,
    package internal(set) var lostToKill = 0
    /// at QoS 2, sent after a kill under an identifier whose release the broker had forgotten by it, so that it took them
    /// for earlier ones,
    package internal(set) var lostToIdentifier = 0
    /// and beyond the number of messages that it keeps for one session.
    package internal(set) var lostToQueueLimit = 0
    /// How long before a kill the earliest message that was lost to it had been acknowledged.
    package internal(set) var longestLoss: Nanoseconds?
    /// Owed to subscribers that were away at the end: nobody can say.
    package internal(set) var pending = 0
    /// Owed to sessions that ended with their connection, while it may have been on its way.
    package internal(set) var endedWithSession = 0
    /// Owed, and not delivered because they had expired.
    package internal(set) var expired = 0
    /// At QoS 0, published while a subscriber was connected and not delivered to it: allowed, and counted.
    package internal(set) var missingQoS0 = 0

    /// Delivered once more than a subscription asks for, by the QoS of the delivery; at 1 also what was published at 1
    /// or 2 and granted at 0. At QoS 2 what is sent again
    /// before PUBREL is no duplicate.
    package internal(set) var duplicates = [0, 0, 0]
    /// Of these, sent before a kill, where the promise does not say that the broker remembers what it delivered.
    package internal(set) var duplicatesByKill = [0, 0, 0]
    /// PUBLISHes at QoS 2 with a packet identifier that was not released yet.
    package internal(set) var sentAgain = 0
    /// Deliveries that came after one that the same client had published later on that topic and at that QoS.
    package internal(set) var orderViolations = 0
    /// First deliveries that began after the message had expired.
    package internal(set) var expiredDeliveries = 0
    /// Deliveries that say the message has more time left than it can have [MQTT-3.3.2-6].
    package internal(set) var expiryNotReduced = 0
    /// Deliveries to a client that has no subscription for it.
    package internal(set) var unasked = 0
    /// Deliveries of what nobody sent: damaged, or by a publisher outside of the replay.
    package internal(set) var unknown = 0
    /// Sessions that should have been there and were not.
    package internal(set) var sessionsForgotten = 0

    package internal(set) var retained = Retained()
    package internal(set) var wills = Wills()
    package internal(set) var latency = Latency()
    package internal(set) var crash: Crash?
    /// A few cases of what was found, with clients and topics.
    package var examples: [String] = []

    package struct Retained: Codable, Sendable {
        /// Retained messages that came to a new subscription.
        package internal(set) var delivered = 0
        /// Of these, not what was retained then or later.
        package internal(set) var wrong = 0
        /// Acknowledged and current when a client subscribed, and never sent to it.
        package internal(set) var missing = 0
    }

    package struct Wills: Codable, Sendable {
        /// Connections that ended so that their will had to be published.
        package internal(set) var due = 0
        /// Of these, with a subscriber to whom it was owed,
        package internal(set) var witnessed = 0
        /// and delivered to all of them.
        package internal(set) var fired = 0
        /// Delivered after a farewell, or although the client came back in time.
        package internal(set) var uncalled = 0
    }

    /// From the intended time to the arrival, of first deliveries.
    package struct Latency: Codable, Sendable {
        /// To subscribers that were connected when it was sent.
        package internal(set) var live = LatencyHistogram()
        /// To subscribers that came back for it; contains their absence.
        package internal(set) var resumed = LatencyHistogram()
        /// The same from CONNACK on.
        package internal(set) var sinceResume = LatencyHistogram()
        /// Live deliveries that took longer than was asked for.
        package internal(set) var late = 0
    }

    /// The times of the last kill.
    package struct Crash: Codable, Sendable {
        package internal(set) var kills = 0
        /// From starting the process again to the first connection that it accepts.
        package internal(set) var untilAccepting: Nanoseconds?
        /// From starting the process again to the first delivery of a message that was sent before the kill.
        package internal(set) var untilFirstQueued: Nanoseconds?
    }

    init(_ promise: Promise) { self.promise = promise }
}
