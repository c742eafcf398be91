import Foundation
import HOCON
import MQTT
import Testing
import Traffic

/// What a description says, and what is said of one that is wrong.
@Suite struct FleetDescriptionTests {
    private static let good = """
        name = test
        groups {
          sensors {
            count = 3
            client_id = "dev-{index:3}"
            variables { region = [north, south] }
            messages {
              reading {
                topic = "s/{region}/{device}/{metric}"
                variables { metric = [t, h] }
                every = "10s"
                payload { json { v { walk { start = 5, step = 1, min = 0, max = 9 } } } }
              }
            }
            subscriptions { commands { filter = "c/{device}", qos = 2 } }
          }
        }
        """

    @Test func aDescriptionIsRead() throws {
        let fleet = try fleet(Self.good)
        #expect(fleet.name == "test")
        #expect(fleet.clientCount == 3)
        #expect(fleet.deviceCount == 3)
        #expect(fleet.duration == 600 * .second)
        let collector = play(fleet)
        let topics = Set(collector.publishes(.toBroker).map(\.publish.topic))
        #expect(
            topics == [
                "s/north/dev-000/t", "s/north/dev-000/h", "s/south/dev-001/t", "s/south/dev-001/h",
                "s/north/dev-002/t", "s/north/dev-002/h",
            ])
        let filters = collector.entries.compactMap { entry -> [String]? in
            if case .subscribe(let subscribe) = entry.packet {
                return subscribe.subscriptions.map(\.filter)
            }
            return nil
        }
        #expect(Set(filters.flatMap { $0 }) == ["c/dev-000", "c/dev-001", "c/dev-002"])
    }

    /// A line that is changed, the line and key of the error, and what it has to say.
    private static let mistakes: [(String, String, String, String)] = [
        (
            "count = 3", "cuont = 3", "test.conf:4:",
            "`groups.sensors.cuont` is not a key of a group; did you mean `count`?"
        ),
        (
            "count = 3", "count = many", "test.conf:4:",
            "`groups.sensors.count` has to be a whole number"
        ),
        ("every = \"10s\"", "evry = \"10s\"", "test.conf:11:", "did you mean `every`?"),
        (
            "every = \"10s\"", "every = \"10 parsecs\"", "test.conf:11:",
            "`groups.sensors.messages.reading.every` has to be a duration"
        ),
        (
            "every = \"10s\"", "every = \"10s\", rate = \"2/h\"", "test.conf:11:",
            "cannot stand beside `every`"
        ),
        (
            "every = \"10s\"", "rate = \"2/fortnight\"", "test.conf:11:",
            "write how many in a second, minute, hour or day"
        ),
        (
            "every = \"10s\"", "qos = 1", "test.conf:8:",
            "`groups.sensors.messages.reading.every` is missing"
        ),
        (
            "every = \"10s\"", "every = \"10s\", qos = 3", "test.conf:11:",
            "has to be a whole number from 0 to 2"
        ),
        (
            "s/{region}/{device}/{metric}", "s/{regoin}/{metric}", "test.conf:9:",
            "`{regoin}` is not known here; did you mean `region`?"
        ),
        (
            "s/{region}/{device}/{metric}", "s/+/{metric}", "test.conf:9:",
            "is no topic to publish to"
        ),
        ("c/{device}", "c/#/{device}", "test.conf:15:", "is no topic filter"),
        ("dev-{index:3}", "dev", "test.conf:5:", "does not tell its clients apart"),
        ("dev-{index:3}", "{index}", "test.conf:5:", "has to begin with text of its own"),
        ("[north, south]", "[\"a+b\"]", "test.conf:6:", "cannot stand in a topic"),
        (
            "start = 5", "start = 50", "test.conf:12:",
            "`groups.sensors.messages.reading.payload.json.v.walk.start` has to be a number from 0 to 9"
        ),
        ("step = 1", "stepp = 1", "test.conf:12:", "did you mean `step`?"),
        (
            "name = test", "nmae = test", "test.conf:1:",
            "`nmae` is not a key of a fleet; did you mean `name`?"
        ),
        (
            "name = test", "name = test, duration = never", "test.conf:1:",
            "`duration` has to be a duration"
        ),
        ("name = test", "name = test, start = today", "test.conf:1:", "in UTC"),
        (
            "name = test", "name = test, storms = [ { at = \"1m\", groups = [sensor] } ]",
            "test.conf:1:", "did you mean `sensors`?"
        ),
        (
            "count = 3", "count = 3, pitfalls { no_wil = 0.1 }", "test.conf:4:",
            "did you mean `no_will`?"
        ),
        (
            "count = 3", "count = 3, outages { every = \"1m\" }", "test.conf:4:",
            "`groups.sensors.outages.lasting` is missing"
        ),
        (
            "count = 3", "count = 3, round_trip { p50 = \"5s\", p99 = \"1s\" }", "test.conf:4:",
            "is less than `p50`"
        ),
        (
            "count = 3", "count = 3, versions { v6 = 1 }", "test.conf:4:",
            "`groups.sensors.versions.v6` is not known here"
        ),
        ("count = 3", "count = 3, departures = silnet", "test.conf:4:", "did you mean `silent`?"),
    ]

    @Test(arguments: mistakes.indices) func mistakesAreNamedWithLineKeyAndRemedy(_ index: Int) {
        let (line, wrong, place, sentence) = Self.mistakes[index]
        #expect(Self.good.contains(line))
        let found = fault(Self.good.replacingOccurrences(of: line, with: wrong))
        #expect(found.hasPrefix(place), "\(found)")
        #expect(found.contains(sentence), "\(found)")
    }

    @Test func groupsWhoseClientsCouldBeTheSameAreRefused() {
        let second = Self.good.replacingOccurrences(
            of: "groups {", with: "groups { others { count = 2, client_id = \"dev-x-{index}\" }")
        #expect(fault(second).contains("may give identifiers that group `others` has too"))
    }

    @Test func devicesAreScaledAndOthersAreNot() throws {
        let text = """
            name = test
            groups {
              a { count = 10, client_id = "a-{index}" }
              b { count = 5, client_id = "b-{index}" }
              c { count = 2, client_id = "c-{index}", scale = false }
            }
            """
        for devices in [0, 1, 2, 7, 15, 100, 1_000] {
            let scaled = try fleet(text).scaled(toDevices: devices)
            #expect(scaled.deviceCount == devices)
            #expect(scaled.clientCount == devices + 2)
        }
        let joined = play(try fleet(text).scaled(toDevices: 30)).clients.values
        #expect(joined.count { $0.hasPrefix("a-") } == 20)
        #expect(joined.count { $0.hasPrefix("b-") } == 10)
    }

    @Test func timesAreReadAndWrittenAsTheCalendarHasThem() {
        for (text, seconds) in [
            ("1970-01-01T00:00:00Z", 0), ("2000-02-29T12:00:00Z", 951_825_600),
            ("2026-04-21T02:14:09Z", 1_776_737_649), ("2100-03-01T00:00:00Z", 4_107_542_400),
        ] as [(String, Int64)] {
            #expect(WallClock.parse(text) == seconds * .second)
            #expect(WallClock.text(seconds * .second) == text)
        }
        for text in [
            "2026-02-29T00:00:00Z", "2026-13-01T00:00:00Z", "2026-04-21", "2026-04-21T24:00:00Z",
        ] {
            #expect(WallClock.parse(text) == nil)
        }
    }

    /// The page that explains the keys explains all of them.
    @Test func everyKeyIsDocumented() throws {
        let page = try String(
            contentsOf: URL(fileURLWithPath: #filePath).deletingLastPathComponent()
                .deletingLastPathComponent().deletingLastPathComponent()
                .deletingLastPathComponent()
                .appendingPathComponent("Sources/Traffic/Traffic.docc/Fleets.md"),
            encoding: .utf8)
        for key in Fleet.allKeys {
            #expect(page.contains("`\(key)`"), "Fleets.md does not explain \(key)")
        }
        #expect(Fleet.allKeys.count > 80)
    }
}
