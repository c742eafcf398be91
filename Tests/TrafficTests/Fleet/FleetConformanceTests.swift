import MQTT
import Measure
import Testing
import Traffic

/// Whatever is described, the traffic keeps to MQTT.
@Suite struct FleetConformanceTests {
    private static let roots = Array(UInt64(1)...24)
    private static let needed: [PacketType] = [
        .connect, .connack, .puback, .pubrec, .pubrel, .pubcomp,
    ]

    @Test(arguments: shippedFleets) func shippedFleetsKeepToTheProtocol(_ name: String) throws {
        var fleet = try shippedFleet(name).scaled(toDevices: 25)
        fleet.duration = min(fleet.duration, 20 * 60 * .second)
        if name == "smart-meters" { fleet.duration = 50 * 60 * .second }
        var checker = ProtocolChecker()
        let truth = try #require(fleet.emit(into: &checker, seed: 5))
        #expect(checker.faults == [])
        #expect(truth.figures.published.sum > 100)
    }

    @Test(arguments: roots) func drawnFleetsKeepToTheProtocol(
        _ root: UInt64
    )
        throws
    {
        var seed = Seed(root).branch("conformance")
        let text = Self.description(&seed)
        var checker = ProtocolChecker()
        let truth = try fleet(text).emit(into: &checker, seed: root)
        #expect(truth != nil)
        #expect(checker.faults == [], "seed \(root)\n\(text)")
    }

    /// The checker finds what is wrong: it is told of every packet but one kind.
    @Test(arguments: needed) func theCheckerFindsWhatIsMissing(
        _ type: PacketType
    )
        throws
    {
        let fleet = try shippedFleet("vehicles").scaled(toDevices: 5)
        var short = fleet
        short.duration = 120 * .second
        var filter = Leaving(out: type)
        short.emit(into: &filter, seed: 1)
        #expect(!filter.checker.faults.isEmpty)
    }

    private struct Leaving: TrafficObserver {
        let type: PacketType
        var checker = ProtocolChecker()

        init(out type: PacketType) { self.type = type }

        mutating func opened(_ connection: Int, client: Endpoint, at time: Int64) {
            checker.opened(connection, client: client, at: time)
        }
        mutating func received(_ packet: DecodedPacket, _ bytes: RawSpan) {
            if packet.type != type { checker.received(packet, bytes) }
        }
        mutating func closed(
            _ connection: Int, version: ProtocolVersion, _ ending: Ending, at time: Int64
        ) {
            checker.closed(connection, version: version, ending, at: time)
        }
    }

    /// A fleet with everything, in proportions that are drawn.
    private static func description(_ seed: inout Seed) -> String {
        func pick(_ choices: String...) -> String {
            choices[Int(seed.next() % UInt64(choices.count))]
        }
        func number(_ range: ClosedRange<Int>) -> Int {
            range.lowerBound + Int(seed.next() % UInt64(range.count))
        }
        var groups = ""
        for place in 0..<number(1...3) {
            var messages = ""
            for message in 0..<number(1...4) {
                let schedule = pick(
                    "every = \"\(number(1...20))s\", jitter = \"900ms\"",
                    "rate = \"\(number(1...30))/m\"",
                    "on = connect",
                    "every = \"30s\", phase = \"5s\", burst { count = \(number(2...40)), spacing = \"5ms\" }"
                )
                let alias = pick(
                    "qos = 0, topic_alias = true", "qos = 0", "qos = 1", "qos = 2", "qos = 1")
                messages += """
                    m\(message) { topic = "t/g\(place)/{device}/m\(message)", \(schedule), \(alias)
                      retain = \(pick("true", "false")), role = \(pick("alert", "reading", "latest"))
                      event_id = \(pick("true", "false")) \(pick(", expiry = \"20s\"", ""))
                      payload { \(pick("binary { size = { p50 = 50, p99 = 5000 }, entropy = 4 }", "text = \"{time} {sequence}\"", "json { a { random { min = 0, max = 9 } } }")) } }

                    """
            }
            groups += """
                g\(place) { count = \(number(1...8)), client_id = "g\(place)-{index}"
                  versions { v3_1 = \(number(0...1)), v3_1_1 = 1, v5 = 2 }
                  clean_start = \(pick("true", "false")), session_expiry = "\(pick("0s", "15s", "1h", "never"))"
                  keep_alive = "\(number(5...60))s", max_inflight = \(number(1...20)), buffer = \(number(0...50))
                  round_trip { p50 = "\(number(1...400))ms", p99 = "2s" }
                  loss = \(pick("0", "0.02", "0.2")), recovery { p50 = "3s", p99 = "40s" }
                  departures { silent = 2, fin = 1, reset = 1, disconnect = 1 }
                  \(pick("outages { mean_between = \"40s\", lasting { min = \"100ms\", max = \"30s\" } }", ""))
                  \(pick("retry = \"2s\"", ""))
                  \(pick("receive_maximum = 3", ""))
                  resubscribe = \(pick("true", "false"))
                  will { topic = "t/will/{device}", qos = \(number(0...2)), retain = \(pick("true", "false")), delay = "\(pick("0s", "5s"))", payload { text = gone } }
                  subscriptions {
                    a { filter = "\(pick("t/#", "t/+/g0-1/#", "$share/s/t/#"))", qos = \(number(0...2)), retain_handling = \(number(0...2)), retain_as_published = \(pick("true", "false")) }
                    b { filter = "t/will/+", qos = \(number(0...2)) }
                  }
                  pitfalls { qos2_everywhere = 0.1, contradictory_clean = 0.1, no_will = 0.1, unbounded_session_expiry = 0.1 }
                  messages { \(messages) } }

                """
        }
        return """
            name = drawn, duration = "2m"
            broker { max_inflight = \(number(1...32)), max_mqueue_len = \(pick("5", "1000")), stalls = [ { at = "50s", lasting = "20s", delay = "9s" } ] }
            groups {
            \(groups)}
            storms = [ { at = "70s", share = 0.7, down = "\(number(0...10))s", departure = \(pick("fin", "reset")) } ]
            """
    }
}
