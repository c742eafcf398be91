import Foundation
import MQTT
import Testing
import Traffic

/// Subscriptions that were made before the capture began: inferred, or given.
struct OlderSubscriptionsTests {
    /// A sensor publishes on ten topics of devices and one of another kind; an archiver whose session is older
    /// than the capture is there for a while and is sent those of the devices.
    private static func fleet(sending delivered: Range<Int>, before: Bool = false) -> TestFleet {
        var fleet = TestFleet()
        fleet.connect(.careful("sensor"))
        if before { fleet.client("sensor", .message("env/dev-0/temp"), .message("other")) }
        fleet.connect(.durable("archiver"), present: true)
        for device in 0..<10 {
            fleet.client("sensor", .message("env/dev-\(device)/temp"))
            if delivered.contains(device) {
                fleet.broker("archiver", .message("env/dev-\(device)/temp"))
            }
        }
        fleet.client("sensor", .message("other"))
        fleet.wait(seconds: 30)
        fleet.finish("archiver")
        fleet.wait(seconds: 1)
        // A device that nobody heard of while the archiver was there.
        fleet.client("sensor", .message("env/dev-99/temp"))
        return fleet
    }

    /// Fails if deliveries prove nothing, or if what was published before the first of them does not count.
    @Test func deliveriesToAnOlderSessionShowWhatItIsSubscribedTo() throws {
        let inspection = try Self.fleet(sending: 0..<10, before: true).inspect()
        #expect(inspection.persisted.source == .inferred)
        #expect(inspection.persisted.filters.map(\.filter) == ["env/+/temp"])
        // Before, during and after; "other" twice is not wanted.
        #expect(inspection.persisted.matchedPublishes == 12)
        #expect(inspection.persisted.unmatchedPublishes == 2)
        #expect(inspection.forecast.recorded.messages == 12)
    }

    /// Fails if a pattern is made although a topic that it matches was withheld.
    @Test func whatWasWithheldForbidsAPattern() throws {
        let inspection = try Self.fleet(sending: 0..<9).inspect()
        #expect(inspection.persisted.source == .inferred)
        #expect(
            Set(inspection.persisted.filters.map(\.filter))
                == Set((0..<9).map { "env/dev-\($0)/temp" }))
        #expect(inspection.persisted.matchedPublishes == 9)
    }

    @Test func aFewTopicsStayByThemselves() throws {
        let inspection = try Self.fleet(sending: 0..<3).inspect()
        #expect(inspection.persisted.filters.count == 3)
        #expect(inspection.persisted.matchedPublishes == 3)
    }

    /// Fails if a session that began in the capture, or one that is not durable, is taken for an older one.
    @Test(arguments: [false, true]) func onlySessionsThatWereThereAreInferredFrom(_ durable: Bool)
        throws
    {
        var fleet = TestFleet()
        fleet.connect(.careful("sensor"))
        fleet.connect(durable ? .durable("archiver") : .careful("archiver"), present: false)
        fleet.client("sensor", .message("a"))
        fleet.broker("archiver", .message("a"))
        let persisted = try fleet.inspect().persisted
        #expect(persisted.source == .capture)
        #expect(persisted.matchedPublishes == 0)
    }

    /// Fails if what the capture itself explains is inferred once more.
    @Test func whatTheCaptureExplainsIsNotInferred() throws {
        var fleet = TestFleet()
        fleet.connect(.careful("sensor"))
        fleet.connect(.durable("archiver"), present: true)
        fleet.subscribe("archiver", "a/#")
        fleet.client("sensor", .message("a/1"))
        fleet.broker("archiver", .message("a/1"))
        let inspection = try fleet.inspect()
        #expect(inspection.persisted.source == .capture)
        #expect(inspection.persisted.matchedPublishes == 1)
        #expect(inspection.quality.reasons.contains { $0.contains("older than the capture") })
    }

    @Test func patternsAreTheFewestThatAreProved() {
        let topics = (0..<20).flatMap { ["site/\($0)/temp", "site/\($0)/rh"] }
        #expect(
            DeliveryEvidence.generalised(topics, withheld: []) == ["site/+/rh", "site/+/temp"])
        #expect(DeliveryEvidence.generalised(topics, withheld: ["site/99/rh"]).count == 21)
        // A first level that begins with $ is not matched by a wildcard.
        let own = (0..<20).map { "$x\($0)/a" }
        #expect(DeliveryEvidence.generalised(own, withheld: []).count == 20)
        let twice = (0..<10).flatMap { site in (0..<10).map { "\(site)/\($0)" } }
        #expect(DeliveryEvidence.generalised(twice, withheld: []) == ["+/+"])
    }

    private static let forms: [(String, String)] = [
        ("lines", "# client\tfilter\tQoS\narchiver\ta/#\t1\r\n\nother\tb\n"),
        (
            "one page",
            #"{"data":[{"clientid":"archiver","topic":"a/#","qos":1,"node":"emqx@n1","nl":0},"#
                + #"{"clientid":"other","topic":"b","qos":1,"node":"emqx@n2","durable":true},"#
                + #"{"clientid":"dash","topic":"c","qos":1,"node":"emqx@n2","durable":false}],"#
                + #""meta":{"page":1,"limit":100,"hasnext":false,"count":3}}"#
        ),
        (
            "pages",
            #"[{"data":[{"clientid":"archiver","topic":"a/#","qos":1}],"meta":{"hasnext":true}},"#
                + #" {"data":[{"clientid":"other","topic":"b"}],"meta":{"hasnext":false}}]"#
        ),
    ]

    /// Fails if any form is read otherwise than the others.
    @Test(arguments: forms) func subscriptionsAreGivenInThreeForms(_ form: (String, String)) throws
    {
        let given = try GivenSubscriptions(parsing: Data(form.1.utf8), path: "subs")
        #expect(given.entries.map(\.clientID) == ["archiver", "other"])
        #expect(given.entries.map(\.filter.text) == ["a/#", "b"])
        #expect(!given.isPartial)
        var fleet = TestFleet()
        fleet.open("sensor")
        fleet.client("sensor", .message("a/1"), .message("b"), .message("c"))
        let inspection = try fleet.inspect(subscriptions: given)
        #expect(inspection.persisted.source == .given)
        #expect(inspection.persisted.matchedPublishes == 2)
        #expect(inspection.persisted.durableSessions == 2)
        if form.0 == "one page" {
            #expect(inspection.quality.speaksFor.nodes == 2)
            #expect(inspection.quality.reasons.contains { $0.contains("of no durable session") })
        }
    }

    /// What the capture shows of a session beats what was given.
    @Test func aSessionThatIsThrownAwayLosesWhatWasGiven() throws {
        let given = try GivenSubscriptions(parsing: Data("archiver\ta/#\n".utf8), path: "subs")
        var fleet = TestFleet()
        fleet.connect(.careful("sensor"))
        fleet.client("sensor", .message("a/1"))
        fleet.connect(.careful("archiver"))
        fleet.client("sensor", .message("a/1"))
        let persisted = try fleet.inspect(subscriptions: given).persisted
        #expect(persisted.matchedPublishes == 1)
        #expect(persisted.unmatchedPublishes == 1)
    }

    @Test(arguments: [
        ("archiver a/#\n", "subs, line 1: wants a client id"),
        ("x\ty\n\na\tb/#/c\n", "subs, line 3: has no topic filter of MQTT: b/#/c"),
        ("a\tb\t3\n", "subs, line 1: has a QoS that is not 0, 1 or 2"),
        (#"{"rows":[]}"#, "subs: is JSON but not what EMQX answers"),
        (#"{"data":[{"clientid":"a","topic":"b","qos":7}]}"#, "subs, entry 1: has a QoS"),
    ]) func aFileThatIsNoneSaysWhere(_ text: String, _ sentence: String) {
        do throws(SubscriptionsError) {
            _ = try GivenSubscriptions(parsing: Data(text.utf8), path: "subs")
            Issue.record("accepted")
        } catch { #expect(error.description.hasPrefix(sentence), "\(error)") }
    }

    /// Fails if absences or the backlog are counted for sessions without a matching filter, or twice where
    /// filters overlap.
    @Test func absencesBuildABacklog() throws {
        var fleet = TestFleet()
        fleet.connect(.careful("sensor"))
        fleet.connect(.durable("archiver"))
        fleet.subscribe("archiver", "a/#", "a/1")
        fleet.finish("archiver")
        for _ in 0..<5 { fleet.client("sensor", .message("a/1", "12345"), .message("b")) }
        fleet.wait(seconds: 20)
        fleet.connect(.durable("archiver"), present: true)
        fleet.finish("archiver")
        fleet.client("sensor", .message("a/1"))
        let absences = try fleet.inspect().profile.absences
        #expect(absences.absences == 1 && absences.sessions == 1)
        #expect(absences.backlogMessages == 5)
        #expect(absences.largestBacklogBytes == 25)
        #expect(abs((absences.longestSeconds ?? 0) - 20) < 0.1)
        #expect(absences.stillAway == 1 && absences.waitingMessages == 1)
    }
}
