import Foundation
import MQTT
import Measure
import Replay
import Testing

/// A broker that breaks one promise is found out, and one that breaks none is not accused.
@Suite struct VerificationTests {
    /// A day in the life of a small fleet: two sensors, a subscriber that is always there, one that goes away and
    /// comes back, a will, retained values, and messages that expire.
    private static func live(_ stage: LedgerStage) throws {
        stage.connect("dashboard")
        try stage.subscribe("dashboard", "site/#", .exactlyOnce)
        stage.connect("archive", clean: false, expiry: 3_600)
        try stage.subscribe("archive", "site/+/reading", .atLeastOnce)
        stage.connect(
            "pump",
            will: Will(topic: "site/pump/state", payload: Array("gone".utf8), qos: .atLeastOnce))
        stage.connect(
            "fan",
            will: Will(topic: "site/fan/state", payload: Array("lost".utf8), qos: .atLeastOnce))
        for number in 1...5 {
            for qos in QoS.allCases {
                stage.publish("pump", "site/pump/reading", "\(qos.rawValue)/\(number)", qos)
            }
        }
        stage.publish("fan", "site/fan/level", "1", .atLeastOnce, retain: true)
        stage.publish("fan", "site/fan/level", "2", .atLeastOnce, retain: true)
        stage.sayGoodbye("archive")
        for number in 6...9 {
            stage.publish("pump", "site/pump/reading", "1/\(number)", .atLeastOnce)
        }
        stage.publish("pump", "site/pump/reading", "stale", .atLeastOnce, expiry: 5)
        stage.pass(.seconds(60))
        stage.connect("archive", clean: false, expiry: 3_600)
        stage.connect("late")
        try stage.subscribe("late", "site/+/level", .atLeastOnce)
        stage.sayGoodbye("fan")
        stage.cut("pump")
        stage.pass(.seconds(1))
    }

    @Test func aBrokerThatKeepsItsPromisesIsNotAccused() throws {
        let stage = try LedgerStage()
        try Self.live(stage)
        let found = try stage.verify()
        #expect(found.holds, "\(found.violations) \(found.examples)")
        #expect(found.isComplete)
        #expect(found.sent == [5, 12, 5])
        #expect(found.acknowledged == [0, 12, 5])
        // All to the dashboard, with the will; the readings to the archive, at most at QoS 1, but for the one that
        // expired; and what is retained to the one that came late.
        #expect(found.delivered == [5 + 5, 12 + 1 + 5 + 5 + 4 + 1, 5])
        #expect(found.confirmed == [0, 28, 5])
        #expect(found.expired == 1)
        #expect(found.retained.delivered == 1)
        #expect(found.wills.due == 1)
        #expect(found.wills.fired == 1)
        #expect(found.latency.resumed.count == 4)
        #expect(found.remarks.contains { $0.contains("had expired") })
    }

    /// What breaks, and what has to be said of it.
    static let faults: [(FaultyBroker.Fault, String)] = [
        (.drops(5), "never delivered"),
        // The fourth delivery is the dashboard's first at QoS 1, the sixth its first at QoS 2.
        (.duplicates(6), "twice at QoS 2"),
        (.reorders(4), "out of order"),
        (.delays(4, by: .seconds(30)), "later than the limit"),
        (.damages(5), "nobody had sent"),
        (.sendsToAll, "not asked"),
        (.forgetsSessions, "sessions forgotten"),
        (.ignoresExpiry, "after they had expired"),
        (.keepsRetained, "not the current ones"),
        (.forgetsRetained, "not sent to a new subscription"),
        (.swallowsWills, "wills not published"),
        (.publishesEveryWill, "should not have been"),
    ]

    @Test(arguments: faults)
    func eachFaultIsFound(_ fault: FaultyBroker.Fault, _ sentence: String) throws {
        let stage = try LedgerStage(fault)
        try Self.live(stage)
        var options = Verifier.Options()
        options.deliveryLimit = .seconds(1)
        let found = try stage.verify(.ours, options)
        #expect(!found.holds)
        #expect(
            found.violations.contains { $0.contains(sentence) },
            "\(fault): \(found.violations) \(found.examples)")
    }

    /// Few messages at a time, and so many readings of the ledger, say the same as one.
    @Test(arguments: [nil] + faults.map { Optional($0.0) })
    func boundedMemoryChangesNoAnswer(_ fault: FaultyBroker.Fault?) throws {
        let stage = try LedgerStage(fault)
        try Self.live(stage)
        let whole = try stage.verify()
        var options = Verifier.Options()
        options.memory = Bytes(1)
        var parts = try stage.verify(.ours, options)
        #expect(parts.violations == whole.violations)
        #expect(parts.remarks == whole.remarks)
        parts.examples = whole.examples
        let encoder = JSONEncoder()
        encoder.outputFormatting = .sortedKeys
        #expect(try encoder.encode(parts) == encoder.encode(whole))
    }

    /// Equal readings on a topic are told apart by their order alone: a lost one is one lost, and no disorder.
    @Test func equalPayloadsAreInterchangeable() throws {
        let stage = try LedgerStage(.drops(3))
        stage.connect("dashboard")
        try stage.subscribe("dashboard", "t", .atLeastOnce)
        stage.connect("switch")
        for number in 0..<20 {
            stage.publish("switch", "t", number % 2 == 0 ? "on" : "off", .atLeastOnce)
        }
        let found = try stage.verify()
        #expect(found.lostAcknowledged == 1)
        #expect(found.orderViolations == 0)
        #expect(found.duplicates == [0, 0, 0])
    }

    /// A publisher that sends again at QoS 1 may have the message delivered again: that is not taken for the equal one
    /// that it sent later, so that nothing is out of order.
    @Test func whatWasSentAgainIsNotTakenForALaterMessage() throws {
        let stage = try LedgerStage()
        try stage.queueForArchive()
        stage.connect("pump")
        stage.broker.answersToSwallow = 1
        stage.publish("pump", "t", "same", .atLeastOnce)
        stage.publish("pump", "t", "same", .atLeastOnce, isRepeated: true)
        for payload in ["a", "b", "same"] { stage.publish("pump", "t", payload, .atLeastOnce) }
        stage.connect("archive", clean: false, expiry: 3_600)
        let found = try stage.verify()
        #expect(found.holds, "\(found.violations) \(found.examples)")
        #expect(found.resent == 1)
        #expect(found.duplicates == [0, 1, 0])
    }

    /// The broker may drop what is beyond its limit for one session, and no more.
    @Test func aQueueLimitExcusesWhatIsBeyondIt() throws {
        func missing(limit: Int) throws -> Verification {
            let stage = try LedgerStage()
            stage.broker.queueLimit = 10
            try stage.queueForArchive()
            stage.connect("pump")
            for number in 0..<25 { stage.publish("pump", "t", "\(number)", .atLeastOnce) }
            stage.connect("archive", clean: false, expiry: 3_600)
            stage.pass(.seconds(1))
            var promise = Promise.ours
            promise.queueOfDurable = limit
            return try stage.verify(promise)
        }
        let told = try missing(limit: 10)
        #expect(told.holds, "\(told.violations)")
        #expect(told.lostAcknowledged == 15)
        #expect(told.lostToQueueLimit == 15)
        let untold = try missing(limit: 12)
        #expect(untold.lostBeyondPromise == 2)
        #expect(!untold.holds)
    }

    /// A message that was acknowledged and is gone after a kill is a loss, or what the promise says.
    @Test(arguments: [false, true]) func aLossInAKillIsJudgedByThePromise(
        _ survives: Bool
    ) throws {
        let stage = try LedgerStage(.drops(2))
        stage.connect("archive", clean: false, expiry: 3_600)
        try stage.subscribe("archive", "t", .atLeastOnce)
        stage.connect("pump")
        stage.pass(.seconds(60))
        for number in 0..<3 { stage.publish("pump", "t", "\(number)", .atLeastOnce) }
        stage.pass(.milliseconds(40))
        stage.ledger.killed(at: stage.now)
        stage.ledger.restarted(at: stage.now)
        stage.ledger.accepting(at: stage.now + .seconds(2))
        stage.pass(.seconds(2))
        for number in 3..<5 { stage.publish("pump", "t", "\(number)", .atLeastOnce) }
        var promise = Promise.ours
        promise.survivesKill = survives
        promise.sessionLoss = .seconds(5)
        let found = try stage.verify(promise)
        #expect(found.lostAcknowledged == 1)
        #expect(found.lostToKill == (survives ? 0 : 1))
        #expect(found.holds != survives)
        #expect(found.crash?.untilAccepting == .seconds(2))
    }

    /// A broker that commits sessions now and then forgets by a kill that an identifier was released. It takes the next
    /// message under that identifier for the old one: lost, and by its promise; once released again, it is free.
    @Test func aMessageUnderAForgottenIdentifierIsLostByThePromise() throws {
        func verify(sessionLoss: Nanoseconds) throws -> Verification {
            let stage = try LedgerStage()
            stage.connect("archive")
            try stage.subscribe("archive", "t", .exactlyOnce)
            stage.connect("pump", clean: false, expiry: 3_600)
            stage.pass(.seconds(60))
            stage.publish("pump", "t", "1", .exactlyOnce, under: 7)
            stage.pass(.seconds(2))
            stage.ledger.killed(at: stage.now)
            stage.ledger.restarted(at: stage.now)
            stage.ledger.accepting(at: stage.now)
            stage.connect("archive")
            try stage.subscribe("archive", "t", .exactlyOnce)
            stage.connect("pump", clean: false, expiry: 3_600)
            stage.broker.fault = .drops(2)
            for payload in ["2", "3"] {
                stage.publish("pump", "t", payload, .exactlyOnce, under: 7)
            }
            var promise = Promise.ours
            promise.sessionLoss = sessionLoss
            return try stage.verify(promise)
        }
        let excused = try verify(sessionLoss: .seconds(5))
        #expect(excused.holds, "\(excused.violations) \(excused.examples)")
        #expect(excused.lostToIdentifier == 1 && excused.lostAcknowledged == 1)
        #expect(try !verify(sessionLoss: .zero).holds)
        #expect(try !verify(sessionLoss: .microseconds(1)).holds)
    }

    /// Of equal messages, the one that has to come takes the delivery before the one that may.
    @Test func aWillThatMayHaveComeHidesNoneThatHadTo() throws {
        let stage = try LedgerStage()
        let will = Will(topic: "state", payload: Array("gone".utf8), qos: .atLeastOnce)
        stage.connect("dashboard")
        try stage.subscribe("dashboard", "state", .atLeastOnce)
        stage.connect("pump", will: will)
        stage.broker.fault = .swallowsWills
        stage.ledger.killed(at: stage.now)
        stage.cut("pump")
        stage.ledger.accepting(at: stage.now)
        stage.broker.fault = nil
        stage.connect("pump", will: will)
        stage.cut("pump")
        let found = try stage.verify()
        #expect(found.holds, "\(found.violations) \(found.examples)")
        #expect(found.wills.due == 1 && found.wills.fired == 1)
    }

    /// No packet tells a client that the broker has seen its connection end, so that a kill may cost its will: of a
    /// connection that ended just before, and of one whose end is seen when the broker is there again.
    @Test func aKillMayCostTheWillsOfItsTime() throws {
        let stage = try LedgerStage()
        func will(_ topic: String) -> Will {
            Will(topic: "state/\(topic)", payload: Array("gone".utf8), qos: .atLeastOnce)
        }
        stage.connect("dashboard", clean: false, expiry: 3_600)
        try stage.subscribe("dashboard", "state/+", .atLeastOnce)
        stage.connect("pump", will: will("pump"))
        stage.connect("fan", will: will("fan"))
        stage.broker.fault = .swallowsWills
        stage.cut("pump")
        stage.ledger.killed(at: stage.now)
        stage.ledger.restarted(at: stage.now)
        stage.ledger.accepting(at: stage.now)
        stage.cut("fan")
        stage.connect("pump", will: will("pump"))
        let excused = try stage.verify()
        #expect(excused.holds, "\(excused.violations) \(excused.examples)")
        #expect(excused.wills.fired == 0)
    }

    /// A will of after the kill is due as ever.
    @Test func aWillIsDueAgainAfterAKill() throws {
        let stage = try LedgerStage(.swallowsWills)
        let will = Will(topic: "state", payload: Array("gone".utf8), qos: .atLeastOnce)
        stage.connect("dashboard", clean: false, expiry: 3_600)
        try stage.subscribe("dashboard", "state", .atLeastOnce)
        stage.ledger.killed(at: stage.now)
        stage.ledger.accepting(at: stage.now)
        stage.connect("dashboard", clean: false, expiry: 3_600)
        stage.connect("pump", will: will)
        stage.cut("pump")
        let found = try stage.verify()
        #expect(found.violations == ["1 wills not published"])
    }

    /// Who is away at the end proves nothing.
    @Test func whatWaitsForAnAbsentSubscriberIsNotLost() throws {
        let stage = try LedgerStage()
        try stage.queueForArchive()
        stage.connect("pump")
        for number in 0..<3 { stage.publish("pump", "t", "\(number)", .atLeastOnce) }
        #expect(stage.transport.sessionsAway.map(\.clientID) == ["archive"])
        let found = try stage.verify()
        #expect(found.holds, "\(found.violations)")
        #expect(found.pending == 3)
    }

    /// At QoS 2, PUBLISH with an identifier that was not released is the same message again.
    @Test func sendingAgainBeforePubrelIsNoDuplicate() throws {
        let stage = try LedgerStage()
        stage.connect("archive", clean: false, expiry: 3_600)
        try stage.subscribe("archive", "t", .exactlyOnce)
        stage.connect("pump")
        stage.silent = ["archive"]
        stage.publish("pump", "t", "1", .exactlyOnce)
        stage.cut("archive")
        stage.silent = []
        stage.connect("archive", clean: false, expiry: 3_600)
        let found = try stage.verify()
        #expect(found.holds, "\(found.violations)")
        #expect(found.sentAgain == 1)
        #expect(found.duplicates == [0, 0, 0])
    }
}
