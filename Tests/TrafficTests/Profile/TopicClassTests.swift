import MQTT
import Testing
import Traffic

/// What topics are for, and the decision table applied to it.
struct TopicClassTests {
    private static let named: [(String, TopicClass?)] = [
        ("env/jawa-barat/site-12/pm25/dev-0a3f/alert", .alert),
        ("env/jawa-barat/site-12/pm25/dev-0a3f/latest", .latest),
        ("env/jawa-barat/site-12/pm25/dev-0a3f/Reading", .reading),
        ("cmd/bali/dev-1/set", .command), ("cmd/bali/dev-1", .command),
        // The last word decides.
        ("cmd/alerts/x", .alert), ("plant/7/batch", .batch), ("a/b/c", nil), ("", nil),
        ("alerting/x", nil), ("/status/", .latest),
    ]

    @Test(arguments: named) func theLastWordOfATopicNamesItsClass(
        _ topic: String, _ topicClass: TopicClass?
    ) {
        let bytes = Array(topic.utf8)
        let found = TopicClass.named(by: bytes.span.bytes)
        #expect(found == topicClass)
    }

    /// A word and its traffic, a rhythm without a word, and nothing at all.
    private static func fleet() -> TestFleet {
        var fleet = TestFleet()
        fleet.connect(.careful("sensor"))
        for second in 0..<20 {
            fleet.client(
                "sensor", .message("a/reading", qos: second < 10 ? .atLeastOnce : .atMostOnce))
            fleet.client("sensor", .message("b/17"))
            if second == 3 { fleet.client("sensor", .message("c"), .message("a/alert")) }
            if second % 7 == 0 {
                fleet.client("sensor", .message("cmd/x/set", qos: .exactlyOnce))
            }
            fleet.wait(seconds: 1)
        }
        return fleet
    }

    @Test func classesAreStatedWithConfidenceAndTheQoSTheyShouldHave() throws {
        let classes = try Self.fleet().inspect().topicClasses
        #expect(classes.map(\.topicClass) == [.reading, .alert, .command, .other])
        let reading = try #require(classes.first)
        #expect(reading.topics == 2 && reading.publishes == 40)
        // The word with its rhythm 0.95, the rhythm alone 0.6, half each.
        #expect(abs(reading.confidence - 0.775) < 1e-9)
        #expect(reading.qos == 0 && reading.verdict == .tooHigh)
        #expect(abs((reading.periodSeconds ?? 0) - 1) < 0.05)
        // A PUBACK less for each of ten.
        let seconds = try Self.fleet().inspect().spanSeconds
        #expect(reading.saves?.packetsPerSecond == 10 / seconds)
        #expect(classes[1].qos == 1 && classes[1].verdict == .tooLow)
        #expect(classes[2].qos == 2 && classes[2].verdict == .right)
        #expect(classes[3].qos == nil && classes[3].verdict == .unknown)
        #expect(classes[3].patterns == ["c"])
    }

    /// Fails if the level that enumerates is not found, or one that names is lost.
    @Test func topicsAreShownAsPatterns() throws {
        var fleet = TestFleet()
        fleet.connect(.careful("sensor"))
        for device in 0..<40 {
            fleet.client("sensor", .message("site/\(device)/temp"), .message("site/\(device)/rh"))
        }
        let tree = try fleet.inspect().profile.topicTree
        #expect(tree.topics == 80 && tree.isExact)
        #expect(tree.levels.map(\.distinct) == [1, 40, 2])
        #expect(tree.patterns.map(\.pattern) == ["site/+/rh", "site/+/temp"])
        #expect(tree.patterns.map(\.topics) == [40, 40])
    }

    /// Payloads of one class that repeat compress, those of another that do not, do not.
    @Test func compressibilityIsOfTheClass() throws {
        var fleet = TestFleet()
        fleet.connect(.careful("sensor"))
        var seed: UInt64 = 7
        for _ in 0..<20 {
            let noise = (0..<400).map { _ -> String in
                seed = seed &* 6_364_136_223_846_793_005 &+ 1
                return String(UnicodeScalar(UInt8(33 + (seed >> 40) % 90)))
            }
            fleet.client("sensor", .message("a/batch", noise.joined()))
            fleet.client("sensor", .message("a/reading", String(repeating: "same ", count: 80)))
        }
        let classes = try fleet.inspect().topicClasses
        let (reading, batch) = (classes[0], classes[1])
        #expect(try #require(reading.snappyRatio) < 0.2)
        #expect(try #require(reading.zstdRatio) < 0.1)
        #expect(try #require(batch.snappyRatio) > 0.8)
        #expect(try #require(batch.zstdRatio) > 0.7)
        // The first, second, fourth, eighth and sixteenth.
        #expect(batch.sampledBytes == 5 * 400)
    }
}
