import Foundation
import MQTT
import Testing
import Traffic

/// Each rule finds who breaks it and nobody else.
struct LintTests {
    private static let identity: [Property] = [.userProperty("event-id", "1")]
    private static let fresh: [Property] = [.messageExpiryInterval(60)]
    private static let alert: [Property] = identity + [.messageExpiryInterval(3_600)]

    struct Case: Sendable, CustomTestStringConvertible {
        let rule: String
        let guilty: Connect
        let guiltySends: [Packet]
        let innocent: Connect
        let innocentSends: [Packet]
        /// Publishes that break the rule.
        let publishes: Int
        var testDescription: String { rule }

        init(
            _ rule: String, _ guilty: Connect, _ guiltySends: [Packet], not innocent: Connect,
            _ innocentSends: [Packet], publishes: Int
        ) {
            self.rule = rule
            self.guilty = guilty
            self.guiltySends = guiltySends
            self.innocent = innocent
            self.innocentSends = innocentSends
            self.publishes = publishes
        }
    }

    private static func times(_ count: Int, _ packet: Packet) -> [Packet] {
        Array(repeating: packet, count: count)
    }

    static let cases = [
        Case(
            "qos2_everywhere", .careful("guilty"), times(5, .message("a", qos: .exactlyOnce)),
            not: .careful("innocent"),
            times(5, .message("cmd/x/set", qos: .exactlyOnce, [.messageExpiryInterval(9)])),
            publishes: 5),
        Case(
            "qos_without_session", .careful("guilty"), times(5, .message("b", qos: .atLeastOnce)),
            not: .careful("innocent"), times(5, .message("a", qos: .atLeastOnce, fresh)),
            publishes: 5),
        Case(
            "retained_alert", .careful("guilty"),
            [.message("a/alert", qos: .atLeastOnce, retain: true, alert)],
            not: .careful("innocent"),
            [
                .message("a/alert", qos: .atLeastOnce, alert),
                .message("a/latest", qos: .atLeastOnce, retain: true, fresh),
            ], publishes: 1),
        Case(
            "no_expiry", .careful("guilty"),
            [.message("b", qos: .atLeastOnce, identity), .message("a/alert"), .message("b")],
            not: .careful("innocent"),
            [.message("a/alert", qos: .atLeastOnce, alert), .message("b")], publishes: 2),
        Case(
            "stale_command", .careful("guilty"), [.message("a/set", qos: .exactlyOnce)],
            not: .careful("innocent"),
            [.message("a/set", qos: .exactlyOnce, [.messageExpiryInterval(60)])], publishes: 1),
        Case(
            "useless_expiry", .careful("guilty"),
            [
                .message("a", "1", [.messageExpiryInterval(.max)]),
                .message("a", "1", [.messageExpiryInterval(0)]),
            ],
            not: .careful("innocent"), [.message("a", "1", [.messageExpiryInterval(86_400)])],
            publishes: 2),
        Case(
            "contradictory_clean", .durable("guilty", clean: true), [.message("a")],
            not: .durable("innocent"), [.message("a", "1", fresh)], publishes: 1),
        Case(
            "unbounded_session_expiry", .durable("guilty", expiry: .max), [.message("a")],
            not: .durable("innocent", expiry: 604_800), [.message("a", "1", fresh)], publishes: 1),
        Case(
            "no_will", Connect(version: .v5, clientID: "guilty"), [.message("a")],
            not: .careful("innocent"), [.message("a", "1", fresh)], publishes: 1),
        Case(
            "will_not_retained",
            Connect(version: .v5, clientID: "guilty", will: Will(topic: "w", payload: [])),
            [.message("a")], not: .careful("innocent"), [.message("a", "1", fresh)], publishes: 1),
        Case(
            "no_event_id", .careful("guilty"),
            [.message("a/batch", qos: .atLeastOnce), .message("a", qos: .atLeastOnce, dup: true)],
            not: .careful("innocent"),
            [
                .message("a/batch", #"{"dev": "x", "Seq" : 7}"#, qos: .atLeastOnce, fresh),
                .message("a/batch", qos: .atLeastOnce, alert),
                .message("a/reading", qos: .atLeastOnce, fresh),
            ], publishes: 2),
    ]

    /// An archiver wants what begins with `a` or is a command.
    private static func fleet(_ case_: Case) -> TestFleet {
        var fleet = TestFleet()
        fleet.connect(.durable("archiver"))
        fleet.subscribe("archiver", "a/#", "cmd/#", "w")
        for (connect, packets) in [
            (case_.guilty, case_.guiltySends), (case_.innocent, case_.innocentSends),
        ] {
            fleet.connect(connect)
            for packet in packets { fleet.client(connect.clientID, packet) }
        }
        return fleet
    }

    @Test(arguments: cases) func theGuiltyAreFoundAndNobodyElse(_ case_: Case) throws {
        let findings = try Self.fleet(case_).inspect().findings
        let finding = try #require(findings.first { $0.rule == case_.rule })
        #expect(finding.count == 1)
        #expect(finding.examples == ["guilty"])
        #expect(finding.publishes == case_.publishes)
        #expect(!findings.contains { $0.examples.contains("innocent") }, "\(findings)")
    }

    /// Fails if a rule has no case here, or two have one name.
    @Test func everyRuleHasACase() {
        let tested = Self.cases.map(\.rule) + ["latency_with_dup"]
        #expect(Set(tested) == Set(LintRule.ids))
        #expect(LintRule.ids.count == tested.count)
        for id in LintRule.ids {
            #expect(id.allSatisfy { $0.isASCII && ($0.isLowercase || $0 == "_" || $0.isNumber) })
        }
    }

    /// Answers take longer and longer, and a sensor loses patience.
    @Test(arguments: [true, false]) func theFeedbackLoopIsFoundByLatencyAndRepetition(
        _ climbs: Bool
    )
        throws
    {
        var fleet = TestFleet()
        fleet.connect(.careful("sensor"))
        for second in 0..<60 {
            let latency = climbs ? 0.01 * Double(second + 1) : 0.01
            fleet.client("sensor", .message("a/1", qos: .atLeastOnce))
            if second >= 40 {
                fleet.client("sensor", .message("a/1", qos: .atLeastOnce, dup: true))
            }
            fleet.wait(seconds: latency)
            fleet.broker("sensor", .puback(Acknowledgement(packetID: try #require(PacketID(7)))))
            fleet.wait(seconds: 1 - latency)
        }
        let finding = try fleet.inspect().findings.first { $0.rule == "latency_with_dup" }
        #expect((finding != nil) == climbs)
        #expect(finding.map(\.severity) == (climbs ? .error : nil))
        #expect(finding.map(\.publishes) == (climbs ? 20 : nil))
    }

    /// Who receives on a connection that was open before may have a durable session: nobody is accused then.
    @Test func nobodyIsAccusedWhereSessionsCannotBeKnown() throws {
        var fleet = TestFleet()
        fleet.connect(.careful("sensor"))
        fleet.open("somebody")
        for _ in 0..<5 { fleet.client("sensor", .message("a", qos: .atLeastOnce)) }
        #expect(try fleet.inspect().findings.map(\.rule).contains("qos_without_session"))
        fleet.broker("somebody", .message("a", qos: .atLeastOnce))
        #expect(try !fleet.inspect().findings.map(\.rule).contains("qos_without_session"))
    }

    /// Ten messages at QoS 2 in ten seconds: two packets and two rows less for each.
    @Test func savingsAreOfTheCapturesOwnRate() throws {
        var fleet = TestFleet()
        fleet.connect(.careful("sensor"))
        for _ in 0..<10 {
            fleet.client("sensor", .message("a", qos: .exactlyOnce))
            fleet.wait(seconds: 1)
        }
        let inspection = try fleet.inspect()
        let saves = try #require(
            inspection.findings.first { $0.rule == "qos2_everywhere" }?.saves)
        let rate = 20 / inspection.spanSeconds
        #expect(saves.packetsPerSecond == rate && saves.putsPerSecond == rate)
        #expect(saves.bytesPerSecond == nil)
    }

    /// Only warnings and errors make `--strict` fail.
    @Test func hintsAreNotFindingsForStrict() throws {
        var fleet = TestFleet()
        fleet.connect(Connect(version: .v5, clientID: "sensor"))
        fleet.client("sensor", .message("a"))
        let inspection = try fleet.inspect()
        #expect(inspection.findings.map(\.rule) == ["no_will"])
        #expect(!inspection.hasFindings)
    }

    /// Fails if a topic, a filter or a client identifier is left anywhere.
    @Test func redactedHoldsNoNames() throws {
        var fleet = Self.fleet(Self.cases[2])
        fleet.subscribe("archiver", "secret/#")
        let redacted = try fleet.inspect().redacted
        let json = String(decoding: try JSONEncoder().encode(redacted), as: UTF8.self)
        for name in ["guilty", "archiver", "secret", "a\\/alert"] {
            #expect(!json.contains(name), "\(name)")
        }
        #expect(redacted.findings.first?.count == 1)
    }
}
