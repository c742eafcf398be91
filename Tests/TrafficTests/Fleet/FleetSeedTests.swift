import MQTT
import TestSupport
import Testing
import Traffic

/// Same fleet, same seed, same traffic.
@Suite struct FleetSeedTests {
    private func vehicles(_ devices: Int) throws -> Fleet {
        var fleet = try shippedFleet("vehicles").scaled(toDevices: devices)
        fleet.duration = 90 * .second
        return fleet
    }

    @Test func aSeedRepeatsItself() throws {
        let fleet = try vehicles(12)
        let first = play(fleet, seed: 7).digest
        #expect(!first.isEmpty)
        #expect(play(fleet, seed: 7).digest == first)
        #expect(play(fleet, seed: 8).digest != first)
    }

    /// One device more does not change what the others do of their own accord.
    @Test func devicesDoNotDisturbEachOther() throws {
        func sent(_ devices: Int) throws -> [Int64] {
            let collector = play(try vehicles(devices))
            return collector.publishes(.toBroker)
                .filter { $0.client == "car-00003" && $0.publish.qos == .atMostOnce }.map(\.time)
        }
        let alone = try sent(6)
        #expect(alone.count > 20)
        #expect(try sent(7) == alone)
    }

    @Test func pitfallsAreToldAndShown() throws {
        var fleet = try shippedFleet("air-quality").scaled(toDevices: 200)
        fleet.duration = 120 * .second
        var collector = Collector()
        let truth = try #require(fleet.emit(into: &collector, seed: 2))
        #expect(truth.pitfalls.count == 8)
        for (name, who) in truth.pitfalls {
            #expect(!who.told.isEmpty, "\(name)")
            // Whom nobody told: sensors of version 3.1.1 have no property for an event id.
            let untold = Set(who.shown).subtracting(who.told)
            #expect(name == "no_event_id" || untold.isEmpty, "\(name): \(untold)")
        }
        // 15 % of the 80 % that speak MQTT 5: 24, with a standard deviation of 4.6.
        #expect((12...36).contains(truth.pitfalls["no_expiry"]?.told.count ?? 0))
        func shown(_ name: String) -> Set<String> { Set(truth.pitfalls[name]?.shown ?? []) }
        let connects = collector.entries.compactMap(\.packet.connect)
        let contradictory = connects.filter { connect in
            connect.cleanStart
                && connect.properties.contains {
                    if case .sessionExpiryInterval(let time) = $0 { time > 0 } else { false }
                }
        }
        #expect(Set(contradictory.map(\.clientID)) == shown("contradictory_clean"))
        let published = collector.publishes(.toBroker)
        let sensors = published.filter { $0.client.hasPrefix("dev-") }
        let retained = sensors.filter { $0.publish.retain && $0.publish.topic.hasSuffix("/alert") }
        #expect(Set(retained.map(\.client)) == shown("retained_alert"))
        let exact = Set(sensors.filter { $0.publish.qos == .exactlyOnce }.map(\.client))
        #expect(exact == shown("qos2_everywhere"))
        let without = Set(
            connects.filter { $0.will == nil && $0.clientID.hasPrefix("dev-") }.map(\.clientID))
        #expect(without.intersection(sensors.map(\.client)) == shown("no_will"))
    }

    /// The rules of `inspect` find whom the truth names.
    @Test func lintFindsTheTruth() throws {
        var fleet = try shippedFleet("air-quality").scaled(toDevices: 150)
        fleet.duration = 150 * .second
        let scratch = ScratchDirectory()
        let path = scratch("lint.dstrace")
        let written = try fleet.write(
            to: OutputFile.named(path), as: .dstrace, seed: 3, watch: { _ in true })
        let truth = try #require(written)
        let findings = try Inspection(captures: [path]).findings
        for (name, who) in truth.pitfalls {
            let finding = findings.first { $0.rule == name }
            #expect(finding?.count ?? 0 == who.shown.count, "\(name)")
            #expect(finding?.examples ?? [] == Array(who.shown.prefix(3)), "\(name)")
        }
        #expect(truth.pitfalls.values.count { !$0.shown.isEmpty } >= 6)
    }
}
