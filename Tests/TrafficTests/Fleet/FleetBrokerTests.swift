import Foundation
import MQTT
import Testing
import Traffic

/// What the broker of a fleet does: as a real one would.
@Suite struct FleetBrokerTests {
    private func run(
        _ groups: String, duration: String = "10m", more: String = "", seed: UInt64 = 1
    )
        throws -> Collector
    {
        play(
            try fleet("name = test, duration = \"\(duration)\"\n\(more)\ngroups {\n\(groups)\n}"),
            seed: seed)
    }

    private let publisher = """
        p { count = 1, scale = false, client_id = pub, join_within = "1ms", round_trip = "10ms"
            messages { m { topic = "t/a", every = "1s", qos = 1, payload { text = "{sequence}" } } } }
        """

    /// A subscriber with a session, which is away from the second to the third minute.
    private func subscriber(_ terms: String, qos: Int = 1) -> String {
        """
        s { count = 1, scale = false, client_id = sub, join_within = "1ms", round_trip = "10ms"
            departures = disconnect
            outages { every = "1h", first = "2m", lasting = "1m" }
            \(terms)
            subscriptions { all { filter = "t/#", qos = \(qos) } } }
        """
    }

    @Test func anAbsentDurableSubscriberGetsEverythingWhenItIsBack() throws {
        let collector = try run(
            publisher + "\n" + subscriber("clean_start = false, session_expiry = \"1h\""))
        let connacks = collector.packets(of: "sub").compactMap(\.packet.connack)
        #expect(connacks.map(\.sessionPresent) == [false, true])
        let sent = collector.publishes(.toBroker).map(\.publish.payload)
        let got = collector.publishes(.toClient).filter { $0.client == "sub" && !$0.publish.dup }
        // The last may still be on their way; what was sent before the subscription is nobody's.
        let missing = sent.count - got.count
        #expect((0...3).contains(missing), "\(missing)")
        #expect(
            got.map(\.publish.payload)
                == Array(sent.dropFirst(missing > 1 ? 1 : 0).prefix(got.count)))
        // Subscribed once: the session keeps it.
        #expect(collector.packets(of: "sub").count { $0.packet.type == .subscribe } == 1)
        let backlog = got.filter {
            $0.time > collector.openings[2] && $0.time < collector.openings[2] + 5 * .second
        }
        #expect(backlog.count > 55)
    }

    @Test func anAbsentSubscriberWithoutASessionMissesIt() throws {
        let collector = try run(publisher + "\n" + subscriber("clean_start = true"))
        let connacks = collector.packets(of: "sub").compactMap(\.packet.connack)
        #expect(connacks.map(\.sessionPresent) == [false, false])
        let missed = collector.publishes(.toBroker).count - collector.publishes(.toClient).count
        #expect((57...64).contains(missed), "\(missed)")
        #expect(collector.packets(of: "sub").count { $0.packet.type == .subscribe } == 2)
    }

    @Test func aSessionEndsWhenItsTimeIsUp() throws {
        let collector = try run(
            publisher + "\n" + subscriber("clean_start = false, session_expiry = \"20s\""))
        #expect(
            collector.packets(of: "sub").compactMap(\.packet.connack).map(\.sessionPresent)
                == [false, false])
    }

    @Test func qosIsTheLowerOfTheTwo() throws {
        for qos in 0...2 {
            let collector = try run(
                publisher + "\n" + subscriber("clean_start = false", qos: qos), duration: "1m")
            let delivered = collector.publishes(.toClient).map(\.publish.qos.rawValue)
            #expect(!delivered.isEmpty)
            #expect(delivered.allSatisfy { $0 == UInt8(min(1, qos)) })
        }
    }

    @Test func expiredMessagesAreNotDeliveredAndOthersSayWhatIsLeft() throws {
        let mortal = publisher.replacingOccurrences(
            of: "qos = 1", with: "qos = 1, expiry = \"30s\"")
        let collector = try run(
            mortal + "\n" + subscriber("clean_start = false, session_expiry = \"1h\""))
        let got = collector.publishes(.toClient)
        let missed = collector.publishes(.toBroker).count - got.count
        #expect((27...34).contains(missed), "\(missed)")
        let left = got.compactMap { delivery in
            delivery.publish.properties.compactMap {
                if case .messageExpiryInterval(let seconds) = $0 { seconds } else { nil }
            }.first
        }
        #expect(left.count == got.count)
        #expect(left.max() == 30)
        #expect((0...3).contains(left.min() ?? 30))
    }

    @Test func retainedValuesComeWithTheSubscription() throws {
        let retained = publisher.replacingOccurrences(
            of: "every = \"1s\"", with: "every = \"1h\", phase = \"1s\", retain = true")
        let late = """
            s { count = 1, scale = false, client_id = sub, join_within = "1m"
                subscriptions { all { filter = "t/#", qos = 1 } } }
            """
        let collector = try run(retained + "\n" + late, more: "start = \"2026-01-01T00:00:00Z\"")
        let got = collector.publishes(.toClient)
        #expect(got.count == 1)
        #expect(got.first?.publish.retain == true)
        let suback = try #require(collector.entries.first { $0.packet.type == .suback })
        #expect(try #require(got.first).time > suback.time)
    }

    private func mourner(_ will: String, _ leaving: String) -> String {
        """
        d { count = 1, scale = false, client_id = dev, join_within = "1ms", keep_alive = "20s"
            clean_start = false, session_expiry = "1h", round_trip = "10ms"
            \(leaving)
            will { topic = "t/will", payload { text = gone }, qos = 1, retain = true, \(will) } }
        \(subscriber("clean_start = false").replacingOccurrences(of: "first = \"2m\"", with: "first = \"50m\""))
        """
    }

    @Test func aWillIsPublishedWhenTheLinkBreaksAndNotAfterAFarewell() throws {
        let outage = "outages { every = \"1h\", first = \"1m\", lasting = \"1m\" }, departures = "
        for (departure, wills) in [("reset", 1), ("fin", 1), ("silent", 1), ("disconnect", 0)] {
            let collector = try run(mourner("", outage + departure))
            let got = collector.publishes(.toClient)
            #expect(got.count == wills, "\(departure)")
            #expect(got.allSatisfy { $0.publish.topic == "t/will" && !$0.publish.retain })
        }
    }

    @Test func aDelayedWillIsForgottenIfTheClientIsBackInTime() throws {
        let outage = "departures = reset, outages { every = \"1h\", first = \"1m\", lasting = "
        for (lasting, wills) in [("10s", 0), ("50s", 1)] {
            let collector = try run(mourner("delay = \"30s\"", outage + "\"\(lasting)\" }"))
            #expect(collector.publishes(.toClient).count == wills, "\(lasting)")
        }
    }

    @Test func theBrokerFindsASilentClientByItsKeepAlive() throws {
        let outage =
            "departures = silent, outages { every = \"1h\", first = \"61s\", lasting = \"2m\" }"
        let collector = try run(mourner("", outage))
        let farewell = try #require(
            collector.packets(of: "dev").first {
                if case .disconnect(let disconnect) = $0.packet {
                    disconnect.reasonCode == 0x8D && $0.direction == .toClient
                } else {
                    false
                }
            })
        let heard = collector.packets(of: "dev").filter {
            $0.direction == .toBroker && $0.time < farewell.time
        }
        // Pings at 20 s each, and 30 s after the last one.
        #expect(heard.filter { $0.packet == .pingreq }.count == 3)
        #expect(farewell.time - (heard.last?.time ?? 0) == 30 * .second)
    }

    @Test func aClientThatIsBackSoonerTakesItsSessionOver() throws {
        let outage =
            "departures = silent, outages { every = \"1h\", first = \"61s\", lasting = \"5s\" }"
        let collector = try run(mourner("", outage), duration: "2m")
        let codes = collector.packets(of: "dev").compactMap { entry in
            if case .disconnect(let disconnect) = entry.packet {
                disconnect.reasonCode
            } else {
                nil
            }
        }
        #expect(codes == [0x8E])
        let connacks = collector.packets(of: "dev").compactMap(\.packet.connack)
        #expect(connacks.map(\.sessionPresent) == [false, true])
    }

    @Test func whatWasNotAcknowledgedIsSentAgainWithDUP() throws {
        let collector = try run(
            """
            d { count = 5, client_id = "dev-{index}", clean_start = false, session_expiry = "1h"
                loss = 0.05, recovery = "3s", departures = silent
                messages { m { topic = "t/{device}", every = "1s", qos = 1, payload { text = "{sequence}" } }
                           n { topic = "u/{device}", every = "1s", qos = 2, payload { text = "{sequence}" } } } }
            s { count = 1, scale = false, client_id = sub, join_within = "1ms"
                subscriptions { all { filter = "u/#", qos = 2 } } }
            """)
        let published = collector.publishes(.toBroker)
        let again = published.filter(\.publish.dup)
        #expect(again.count > 50)
        for repetition in again {
            let first = published.first {
                $0.client == repetition.client && !$0.publish.dup
                    && $0.publish.topic == repetition.publish.topic
                    && $0.publish.payload == repetition.publish.payload
            }
            #expect((first?.time ?? .max) < repetition.time)
        }
        // Exactly once is once, whatever was repeated before the broker.
        let delivered = collector.publishes(.toClient).filter { !$0.publish.dup }
            .map { $0.publish.topic + String(decoding: $0.publish.payload, as: UTF8.self) }
        #expect(delivered.count > 2_000)
        #expect(Set(delivered).count == delivered.count)
    }

    @Test func aSharedSubscriptionGivesEachMessageToOneMember() throws {
        let collector = try run(
            """
            \(publisher)
            w { count = 3, scale = false, client_id = "w-{index}", join_within = "1ms"
                subscriptions { all { filter = "$share/g/t/#", qos = 1 } } }
            """)
        let sent = collector.publishes(.toBroker).count
        let got = collector.publishes(.toClient)
        #expect((sent - 2...sent).contains(got.count))
        for worker in 0..<3 {
            #expect(abs(got.count { $0.client == "w-\(worker)" } - got.count / 3) <= 1)
        }
    }

    @Test func aStormCutsItsShareAndEverybodyComesBack() throws {
        let collector = try run(
            """
            d { count = 200, client_id = "dev-{index}", join_within = "10s"
                reconnect { min = "1s", max = "2s" } }
            """, duration: "3m",
            more: "storms = [ { at = \"1m\", share = 0.5, down = \"10s\", departure = reset } ]")
        let start = collector.openings[0] / (60 * .second) * (60 * .second)
        let storm = start + 60 * .second
        #expect(collector.ends.filter { $0.ending == .reset }.allSatisfy { $0.time == storm })
        let cut = collector.ends.count { $0.ending == .reset }
        #expect((75...125).contains(cut))
        let back = collector.openings.filter { $0 > storm }
        #expect(back.count == cut)
        #expect(back.allSatisfy { $0 >= storm + 10 * .second && $0 < storm + 30 * .second })
    }

    @Test func aStallMakesAnswersLateAndOldClientsRepeat() throws {
        let text = """
            d { count = 10, client_id = "dev-{index}", versions = VERSION, retry = "5s"
                messages { m { topic = "t/{device}", every = "5s", qos = 1 } } }
            """
        for (version, repeats) in [("v3_1_1", true), ("v5", false)] {
            let collector = try run(
                text.replacingOccurrences(of: "VERSION", with: version),
                more: "broker { stalls = [ { at = \"3m\", lasting = \"1m\", delay = \"15s\" } ] }")
            #expect(collector.publishes(.toBroker).contains { $0.publish.dup } == repeats)
        }
    }

    @Test func aliasesStandForTopicsOnTheirConnectionOnly() throws {
        let collector = try run(
            """
            d { count = 2, client_id = "dev-{index}", outages { every = "2m", lasting = "10s" }
                messages { m { topic = "t/{device}", every = "1s", topic_alias = true } } }
            s { count = 1, scale = false, client_id = sub, join_within = "1ms"
                subscriptions { all { filter = "t/#" } } }
            """, seed: 4)
        #expect(collector.publishes(.toBroker).contains { $0.publish.topic.isEmpty })
        #expect(collector.publishes(.toClient).allSatisfy { $0.publish.topic.hasPrefix("t/dev-") })
        #expect(
            collector.publishes(.toClient).allSatisfy { delivery in
                !delivery.publish.properties.contains {
                    if case .topicAlias = $0 { true } else { false }
                }
            })
    }

    @Test func aFullQueueDropsTheOldestAndBuffersDoToo() throws {
        let fleet = try fleet(
            """
            name = test, duration = "10m", broker { max_mqueue_len = 10 }
            groups {
              \(publisher)
              \(subscriber("clean_start = false, session_expiry = \"1h\""))
              d { count = 1, scale = false, client_id = dev, buffer = 5
                  outages { every = "1h", first = "1m", lasting = "1m" }
                  messages { m { topic = "x", every = "1s", qos = 1 }
                             n { topic = "y", every = "1s" } } }
            }
            """)
        var collector = Collector()
        let figures = try #require(fleet.emit(into: &collector, seed: 1)).figures
        #expect((45...55).contains(figures.overflowedDeliveries))
        let kinds = figures.messages.filter { $0.group == "d" }
        #expect((50...60).contains(kinds[0].dropped))
        #expect((55...65).contains(kinds[1].lost))
    }
}
