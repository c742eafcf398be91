import MQTT
import Measure
import Replay
import Testing
import Traffic

/// Steps at given times, all of one client.
private final class ListedTimeline: Timeline {
    let clients = [TimelineClient(clientID: "a", connectSeen: true)]
    private var steps: [TimelineStep]

    init(_ steps: [TimelineStep]) { self.steps = steps.reversed() }

    convenience init(pings milliseconds: [Int64]) {
        self.init(
            milliseconds.map {
                TimelineStep(
                    offset: .milliseconds($0), client: 0,
                    kind: .packet(.pingreq, qos: .atMostOnce, packetIDOffset: 0))
            })
    }

    func next() -> TimelineStep? { steps.popLast() }
    func withPacket(_ body: (RawSpan) -> Void) { body([0xC0, 0].span.bytes) }
}

@Suite struct CappedTimelineTests {
    private static func offsets(_ timeline: any Timeline) throws -> [Int64] {
        var offsets: [Int64] = []
        while let step = try timeline.next() { offsets.append(step.offset.count / 1_000_000) }
        return offsets
    }

    /// Fails if some second holds more than the cap, or a burst below it is smoothed.
    @Test func noSecondHoldsMoreThanTheCap() throws {
        let planned: [Int64] = [0, 0, 10, 20, 900, 2_500, 2_500, 2_510]
        let timeline = CappedTimeline(ListedTimeline(pings: planned), perSecond: 3, speed: 1)
        let offsets = try Self.offsets(timeline)
        #expect(offsets == [0, 0, 10, 1_000, 1_000, 2_500, 2_500, 2_510])
        #expect(timeline.postponed == 2)
        #expect(timeline.longest == .milliseconds(980))
    }

    @Test(arguments: [UInt64(1), 2, 3]) func everySecondOfARandomPlanIsHeld(_ root: UInt64) throws {
        var seed = Seed(root).branch("cap")
        let cap = Int.random(in: 1...50, using: &seed)
        let planned = (0..<2_000).map { _ in Int64.random(in: 0...20_000, using: &seed) }.sorted()
        let timeline = CappedTimeline(ListedTimeline(pings: planned), perSecond: cap, speed: 2)
        let offsets = try Self.offsets(timeline)
        #expect(offsets == offsets.sorted(), "seed \(root)")
        for (index, offset) in offsets.enumerated() where index + cap < offsets.count {
            #expect(offsets[index + cap] - offset >= 1_000, "seed \(root), \(index)")
        }
        #expect(
            zip(offsets, planned).allSatisfy { $0 >= $1 / 2 }, "seed \(root): earlier than planned")
    }

    /// As fast as the cap lets it, and still in order; a century at a low speed is no trap.
    @Test func infiniteSpeedIsTheCapsOwn() throws {
        let timeline = CappedTimeline(
            ListedTimeline(pings: [0, 5_000, 9_000, 9_001]), perSecond: 2, speed: .infinity)
        #expect(try Self.offsets(timeline) == [0, 0, 1_000, 1_000])
        #expect(timeline.postponed == 0)
        let slow = CappedTimeline(
            ListedTimeline(pings: [1_800_000_000_000]), perSecond: 2, speed: 0.000_001)
        #expect(try Self.offsets(slow).count == 1)
    }
}
