import MQTT
import Measure
import Replay
import TestSupport
import Testing
import Traffic

@Suite struct FleetTimelineTests {
    private let folder = ScratchDirectory()

    private func plan(_ factor: Int, spread: Double = 0) -> TimelinePlan {
        var plan = TimelinePlan(seed: Seed(7))
        plan.fleet = factor
        plan.spread = .seconds(spread)
        return plan
    }

    /// Three devices, who say what they are in a level of their topics, and a backend that commands them.
    private func devices() throws -> Recording {
        try TraceFile.recording(in: folder) { file in
            for number in 0..<3 {
                let will = Will(topic: "env/dev-\(number)/state", payload: [])
                try file.connect(number, "sensor-\(number)", will: will)
                try file.subscribe(number, "cmd/dev-\(number)/+", "cmd/all/+")
            }
            try file.connect(9, "backend")
            try file.subscribe(9, "env/+/temp", "env/dev-1/alert")
            for number in 0..<3 { try file.publish(number, "env/dev-\(number)/temp") }
            for number in 0..<3 { try file.publish(9, "cmd/dev-\(number)/set", qos: 2) }
            try file.publish(9, "cmd/all/set")
            try file.leave(9)
            for number in 0..<3 { file.close(number) }
        }
    }

    @Test func theDeviceLevelIsFoundInTheTopicTree() throws {
        let devices = try devices().devices
        #expect(devices.names == ["dev-0", "dev-1", "dev-2"])
        #expect(devices.clients == ["sensor-0", "sensor-1", "sensor-2"])
    }

    /// What belongs to a device is there once for each clone under its own name, what does not is there once.
    @Test func clonesHaveNamesOfTheirOwn() throws {
        let played = try Played(try plan(2).make(from: devices()).timeline)
        #expect(played.wrong == [])
        let topics = played.publishes.map { "\($0.client) \($0.publish.topic)" }
        #expect(topics.count { $0.hasPrefix("sensor") } == 6)
        #expect(topics.contains("sensor-1~1 env/dev-1~1/temp"))
        #expect(topics.contains("backend cmd/dev-2~1/set"))
        #expect(topics.count { $0 == "backend cmd/all/set" } == 1)
        let connect = try #require(played.connects(of: "sensor-1~1").first)
        #expect(connect.will?.topic == "env/dev-1~1/state")
        #expect(played.connects(of: "backend").count == 1)
        let subscribes = played.lines.filter { $0.contains("SUBSCRIBE") }.map {
            $0.split(separator: " ").dropFirst().joined(separator: " ")
        }
        #expect(subscribes.contains("sensor-0~1 SUBSCRIBE cmd/dev-0~1/+ cmd/all/+"))
        // A filter with a wildcard there means the clones already.
        #expect(subscribes.contains("backend SUBSCRIBE env/+/temp env/dev-1/alert"))
        #expect(subscribes.contains("backend SUBSCRIBE env/dev-1~1/alert"))
    }

    /// A longer topic makes the packet longer, and with it its length field; all that is behind must move along.
    @Test func packetsOfClonesAreWhole() throws {
        let recording = try TraceFile.recording(in: folder) { file in
            for number in 0..<3 {
                try file.connect(number, "s\(number)")
                for length in 90..<125 {
                    let filler = Property.contentType(String(repeating: "x", count: length))
                    try file.publish(number, "a/s\(number)/b", qos: 1, filler)
                }
            }
        }
        let played = try Played(try plan(12).make(from: recording).timeline)
        #expect(played.wrong == [])
        let payloads = Set(played.publishes.map(\.publish.payload))
        #expect(payloads == [[0x31]])
        #expect(played.publishes.count == 12 * 3 * 35)
        #expect(played.publishes.contains { $0.publish.topic == "a/s2~11/b" })
    }

    /// Whatever the phases are, nobody speaks before it is connected or after it has left, and a backend that
    /// leaves has said before what it had for clones.
    @Test(arguments: [1, 5, 40], [0.0, 0.01, 30]) func everyStepCanBeDone(
        _ factor: Int, _ spread: Double
    ) throws {
        let recording = try Recording(captures: [Folder.capture])
        let timeline = try plan(factor, spread: spread).make(from: recording).timeline
        let tally = try Tally(timeline)
        #expect(tally.impossible.isEmpty)
        #expect(tally.isOrdered)
        #expect(tally.stillOpen.isEmpty)
        let names = timeline.clients.map(\.clientID).filter { !$0.isEmpty }
        #expect(Set(names).count == names.count)
    }

    /// All that devices publish, and all that they are sent, is there as often as they are.
    @Test func countsGrowWithTheFleet() throws {
        let recording = try Recording(captures: [Folder.capture])
        let once = try Tally(recording.timeline()).publishes
        let ten = try Tally(try plan(10, spread: 5).make(from: recording).timeline).publishes
        #expect(ten == once.map { $0 * 10 })
    }

    @Test func theSameSeedGivesTheSameFleet() throws {
        let recording = try devices()
        let first = try Played(try plan(5, spread: 2).make(from: recording).timeline)
        let second = try Played(try plan(5, spread: 2).make(from: recording).timeline)
        #expect(first.lines == second.lines)
        #expect(Set(first.lines.map { $0.split(separator: " ")[0] }).count > 20)
    }

    /// Two devices prove nothing; who knows better says so.
    @Test func theDeviceLevelCanBeGiven() throws {
        let recording = try TraceFile.recording(in: folder) { file in
            for number in 0..<2 {
                try file.connect(number, "s\(number)")
                try file.publish(number, "a/\(number)/b")
            }
        }
        #expect(recording.devices.isEmpty)
        #expect(recording.devices(at: 1).names == ["0", "1"])
        var plan = plan(3)
        plan.deviceLevel = 1
        let played = try Played(try plan.make(from: recording).timeline)
        #expect(Set(played.publishes.map(\.publish.topic)).count == 6)
    }
}
