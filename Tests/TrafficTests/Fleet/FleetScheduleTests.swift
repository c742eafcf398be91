import Foundation
import MQTT
import Testing
import Traffic

/// When messages come.
@Suite struct FleetScheduleTests {
    /// Sensors on a perfect link that are all there after the first second.
    private func sensors(
        _ message: String, count: Int = 20, duration: String = "10m"
    ) throws -> Fleet {
        try fleet(
            """
            name = test, duration = "\(duration)", start = "2026-01-01T00:00:00Z"
            groups { sensors {
              count = \(count), client_id = "dev-{index}", join_within = "500ms"
              round_trip = "10ms"
              messages { m { topic = "t/{device}", \(message) } }
            } }
            """)
    }

    /// Times of publishes by topic, in nanoseconds after the start.
    private func times(_ fleet: Fleet) -> [String: [Int64]] {
        Dictionary(
            grouping: play(fleet).publishes(.toBroker).map {
                ($0.publish.topic, $0.time - fleet.start)
            },
            by: \.0
        ).mapValues { $0.map(\.1) }
    }

    @Test func aPeriodIsKeptWithinItsJitterAndDoesNotDrift() throws {
        let found = times(try sensors("every = \"10s\", jitter = \"2s\""))
        #expect(found.count == 20)
        for (topic, times) in found {
            #expect((59...60).contains(times.count), "\(topic): \(times.count)")
            // The k-th is due at phase + 10 s · k + 0 to 2 s; the phase is not known, so the spread is looked at.
            let phases = times.enumerated().map { $1 - Int64($0) * 10 * .second }
            let spread = (phases.max() ?? 0) - (phases.min() ?? 0)
            #expect(spread <= 2 * .second, "\(topic): \(spread)")
            #expect(spread > .second, "\(topic): jitter that is none")
        }
        // Phases of their own: not all in one second of ten.
        let firsts = Set(found.values.map { $0[0] / .second })
        #expect(firsts.count >= 6)
    }

    @Test func aPhaseOfTheClockIsCommonToAll() throws {
        let found = times(
            try sensors("every = \"1m\", phase = \"15s\", jitter = \"100ms\"", duration: "5m"))
        for times in found.values {
            #expect(times.count == 5)
            for (place, time) in times.enumerated() {
                let late = time - Int64(60 * place + 15) * .second
                #expect((0...100 * .millisecond).contains(late))
            }
        }
    }

    @Test func alertsAreAPoissonProcess() throws {
        let fleet = try sensors("rate = \"30/m\", qos = 1", count: 50, duration: "20m")
        let found = times(fleet)
        let counts = found.values.map(\.count)
        let mean = Double(counts.reduce(0, +)) / 50
        // 600 each: the mean of 50 has a standard error of 3.5.
        #expect(abs(mean - 600) < 14, "\(mean)")
        let variance = counts.reduce(0) { $0 + pow(Double($1) - mean, 2) } / 49
        #expect((0.5...1.8).contains(variance / mean), "\(variance / mean)")
        // Kolmogorov and Smirnov: gaps are exponential with a mean of 2 s.
        let gaps = found.values.flatMap { zip($0.dropFirst(), $0).map { Double($0 - $1) * 1e-9 } }
            .sorted()
        let distance =
            gaps.enumerated().map { place, gap in
                abs(Double(place + 1) / Double(gaps.count) - (1 - exp(-gap / 2)))
            }.max() ?? 1
        // 1.95 over the root of the count is exceeded once in a thousand times.
        #expect(distance < 1.95 / Double(gaps.count).squareRoot(), "\(distance)")
    }

    @Test func burstsComeWhole() throws {
        let found = times(
            try sensors(
                "every = \"1m\", phase = \"5s\", burst { count = 8, spacing = \"20ms\" }",
                duration: "3m"))
        for times in found.values {
            #expect(times.count == 24)
            for burst in stride(from: 0, to: 24, by: 8) {
                #expect(times[burst + 7] - times[burst] == 7 * 20 * .millisecond)
            }
        }
    }

    @Test func whatComesWithTheConnectionComesOncePerConnection() throws {
        let text = """
            name = test, duration = "10m"
            groups { sensors {
              count = 10, client_id = "dev-{index}"
              outages { every = "2m", lasting = "10s" }, departures = reset
              messages { hello { topic = "t/{device}", on = connect, qos = 1 } }
            } }
            """
        let collector = play(try fleet(text))
        for client in Set(collector.clients.values) {
            let packets = collector.packets(of: client)
            let connects = packets.count { $0.packet.connect != nil }
            #expect(connects == 5)
            #expect(packets.count { $0.packet.publish != nil } == connects)
        }
    }

    @Test func figuresOfTheSummaryAreThoseOfTheTraffic() throws {
        let fleet = try sensors("every = \"7s\", qos = 1, retain = true")
        var collector = Collector()
        let truth = try #require(fleet.emit(into: &collector, seed: 3))
        let published = collector.publishes(.toBroker)
        #expect(truth.figures.published.qos1 == published.count)
        #expect(truth.figures.retained == published.count)
        #expect(truth.figures.connections == collector.openings.count)
        for type in PacketType.allCases {
            #expect(
                truth.figures.packets[type.name]
                    == collector.entries.count { $0.packet.type == type })
        }
        let kind = try #require(truth.figures.messages.first)
        #expect(kind.sent + kind.waiting == kind.planned)
        #expect(kind.sent == published.count)
    }
}
