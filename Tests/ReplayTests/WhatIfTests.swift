import MQTT
import Measure
import Replay
import TestSupport
import Testing
import Traffic

@Suite struct WhatIfTests {
    private let folder = ScratchDirectory()

    private func play(
        _ whatIfs: WhatIf..., speed: Double? = nil, _ body: (inout TraceFile) throws -> Void
    ) throws -> (played: Played, changes: [String]) {
        var plan = TimelinePlan(seed: Seed(3))
        plan.whatIfs = whatIfs
        if let speed {
            plan.speed = .times(speed)
            plan.scalesTerms = true
        }
        let planned = try plan.make(from: try TraceFile.recording(in: folder, body))
        let played = try Played(planned.timeline)
        #expect(played.wrong == [])
        return (played, planned.changes)
    }

    /// The article's table: readings 0, alerts 1, commands 2; what no word and no rhythm tells stays.
    @Test func eachClassGetsItsQoS() throws {
        let (played, changes) = try play(.articleQoS) { file in
            try file.connect(0, "a", will: Will(topic: "a/status", payload: []))
            try file.publish(0, "a/reading", qos: 2)
            try file.publish(0, "a/alert", qos: 0)
            try file.publish(0, "a/command", qos: 1)
            try file.publish(0, "a/alert", qos: 1)
            try file.publish(0, "a/what", qos: 2)
        }
        #expect(played.publishes.map(\.publish.qos.rawValue) == [0, 1, 2, 1, 2])
        #expect(played.connects(of: "a").first?.will?.qos == .atLeastOnce)
        #expect(
            changes == [
                "QoS by topic class as in the article's table: QoS 0→1: 1, QoS 1→2: 1, QoS 2→0: 1"
            ])
    }

    /// Nobody sends a message again that is sent once and for all.
    @Test func aRepetitionIsNoMessageAtQoS0() throws {
        let (played, changes) = try play(.articleQoS) { file in
            try file.connect(0, "a")
            try file.publish(0, "a/reading", qos: 1)
            try file.publish(0, "a/reading", qos: 1, dup: true)
        }
        #expect(played.publishes.map(\.publish.dup) == [false])
        #expect(changes.first?.hasSuffix("QoS 1→0: 1, 1 repetitions left out") == true)
    }

    /// An alias that a repetition was to set, and that is left out with it, is set by the next message.
    @Test func anAliasLeftOutIsSetLater() throws {
        let (played, _) = try play(.articleQoS) { file in
            try file.connect(0, "a")
            try file.publish(0, "a/reading", qos: 1, dup: true, .topicAlias(2))
            try file.publish(0, "", .topicAlias(2))
            try file.publish(0, "", .topicAlias(2))
        }
        #expect(played.publishes.map(\.publish.topic) == ["a/reading", ""])
    }

    /// The event id is what makes QoS 1 as good as QoS 2: another for each message, the same when it is sent
    /// again, also where devices are cloned.
    @Test func eventIDsTellMessagesApart() throws {
        let (played, changes) = try play(.eventIDs, .devices(factor: 2)) { file in
            for number in 0..<3 {
                try file.connect(number, "s\(number)", number == 2 ? .v3_1_1 : .v5)
                try file.publish(number, "x/s\(number)/cmd", qos: 2, id: 4)
                try file.publish(number, "x/s\(number)/cmd", qos: 2, dup: true, id: 4)
                try file.publish(number, "x/s\(number)/cmd", qos: 2, id: 5)
            }
        }
        #expect(played.publishes.allSatisfy { $0.publish.qos == .atLeastOnce })
        var ids: [String: Int] = [:]
        for (client, publish) in played.publishes where !client.hasPrefix("s2") {
            guard case .userProperty("event-id", let id)? = publish.properties.first else {
                Issue.record("no event id")
                continue
            }
            ids[id, default: 0] += 1
        }
        #expect(ids.values.sorted() == [1, 1, 1, 1, 2, 2, 2, 2])
        #expect(changes.contains { $0.contains("12 messages with an event id, 6 without") })
    }

    @Test func expiryIsChanged() throws {
        let (played, _) = try play(.messageExpiry(30), .sessionExpiry(600)) { file in
            try file.connect(0, "a", clean: false, .sessionExpiryInterval(60))
            try file.publish(0, "t")
            try file.publish(0, "t", .messageExpiryInterval(5), .contentType("x"))
            try file.leave(0, .sessionExpiryInterval(9))
            try file.connect(1, "b")
        }
        #expect(
            played.publishes.map(\.publish.properties) == [
                [.messageExpiryInterval(30)], [.contentType("x"), .messageExpiryInterval(30)],
            ])
        #expect(played.connects(of: "a").first?.properties == [.sessionExpiryInterval(600)])
        // A session that ends with its connection is none.
        #expect(played.connects(of: "b").first?.properties == [])
        #expect(
            played.packets.contains {
                $0.packet == .disconnect(Disconnect(properties: [.sessionExpiryInterval(600)]))
            })
    }

    @Test(arguments: [true, false]) func sessionsAreDurableOrNot(_ isOn: Bool) throws {
        let (played, _) = try play(.durableSessions(isOn)) { file in
            try file.connect(0, "a")
            try file.subscribe(0, "t")
            try file.connect(1, "b", clean: false, .sessionExpiryInterval(60))
            try file.publish(1, "t")
            try file.connect(2, "c", .v3_1_1, clean: isOn)
            try file.subscribe(2, "t")
        }
        let sessions = ["a", "b", "c"].map { client in
            played.connects(of: client).first.map { "\($0.cleanStart) \($0.sessionExpiry)" }
        }
        #expect(
            sessions
                == (isOn
                    ? ["false 7200", "false 60", "false 0"] : ["true 0", "true 0", "true 0"]))
    }

    /// All come back with what they could not send, each at its own time; at QoS 0 nobody waits.
    @Test func aStormEndsWithEverybodyBack() throws {
        let storm = WhatIf.reconnectStorm(at: .seconds(2), share: 1, within: .seconds(1))
        let (played, changes) = try play(storm) { file in
            for number in 0..<20 { try file.connect(number, "s\(number)") }
            try file.subscribe(0, "t")
            try file.publish(0, "aliased", .topicAlias(1))
            file.wait(seconds: 2)
            for number in 0..<20 {
                try file.publish(number, "t", qos: 1)
                try file.publish(number, "t", qos: 0)
            }
            try file.leave(19)
            file.wait(seconds: 5)
            try file.publish(0, "", .topicAlias(1))
        }
        #expect(played.lines.count { $0.contains("closed reset") } == 20)
        #expect(played.lines.count { $0.contains("CONNECT") && !$0.contains("DIS") } == 39)
        #expect(played.publishes.count { $0.publish.qos == .atLeastOnce } == 19)
        #expect(played.publishes.last?.publish.topic == "aliased")
        // Its session ended with its connection.
        #expect(played.lines.count { $0.hasSuffix("SUBSCRIBE t") } == 2)
        #expect(changes.first?.contains("20 clients lost their connection") == true)
    }

    @Test func onlySubscribersAreAway() throws {
        let away = WhatIf.subscribersAway(from: .seconds(1), for: .seconds(3))
        let (played, _) = try play(away) { file in
            try file.connect(0, "s", clean: false, .sessionExpiryInterval(60))
            try file.subscribe(0, "t")
            try file.connect(1, "p")
            for _ in 0..<5 {
                file.wait(seconds: 1)
                try file.publish(1, "t")
            }
        }
        #expect(
            played.lines.filter { $0.contains(" s ") }.dropFirst(3) == [
                "1.0 s closed reset", "4.0 s opened", "4.0 s CONNECT",
                "5.007 s closed endOfCapture",
            ])
        #expect(played.publishes.count == 5)
    }

    /// Ten times as fast, a minute is six seconds; for ever and never stay, and a second is the least.
    @Test func termsAreScaled() throws {
        let will = Will(
            topic: "w", payload: [],
            properties: [.willDelayInterval(30), .messageExpiryInterval(100)])
        let (played, changes) = try play(speed: 10) { file in
            try file.connect(0, "a", keepAlive: 60, will: will, .sessionExpiryInterval(3_600))
            try file.publish(0, "t", .messageExpiryInterval(3))
            try file.publish(0, "t")
            try file.leave(0, .sessionExpiryInterval(.max))
            try file.connect(1, "b", keepAlive: 0)
        }
        let connect = try #require(played.connects(of: "a").first)
        #expect(connect.keepAlive == 6)
        #expect(connect.properties == [.sessionExpiryInterval(360)])
        #expect(connect.will?.properties == [.willDelayInterval(3), .messageExpiryInterval(10)])
        #expect(
            played.publishes.map(\.publish.properties) == [[.messageExpiryInterval(1)], []])
        #expect(
            played.packets.contains {
                $0.packet == .disconnect(Disconnect(properties: [.sessionExpiryInterval(.max)]))
            })
        #expect(played.connects(of: "b").first?.keepAlive == 0)
        #expect(changes.last?.contains("1 of them would be under a second") == true)
    }

    @Test(
        arguments: [
            ("article-qos", .articleQoS), ("event-id", .eventIDs),
            ("message-expiry=1h", .messageExpiry(3_600)), ("message-expiry=0s", .messageExpiry(0)),
            ("session-expiry=90s", .sessionExpiry(90)), ("retention=4h", .retention(14_400)),
            ("durable-sessions=off", .durableSessions(false)),
            (
                "reconnect-storm=30s,50%,2s",
                .reconnectStorm(at: .seconds(30), share: 0.5, within: .seconds(2))
            ),
            ("subscribers-away=10s,1m", .subscribersAway(from: .seconds(10), for: .seconds(60))),
            ("slow-subscribers=x5", .slowSubscribers(factor: 5)),
            ("slow-subscribers=200ms", .lateSubscribers(by: .milliseconds(200))),
            ("devices=x3", .devices(factor: 3)),
        ] as [(String, WhatIf)])
    func whatIfsAreRead(_ text: String, _ expected: WhatIf) throws {
        #expect(try WhatIf(parsing: text) == expected)
    }

    @Test(arguments: [
        "", "qos", "article-qos=1", "message-expiry", "message-expiry=250ms", "session-expiry=0s",
        "reconnect-storm=30s,0%", "reconnect-storm=30s,50", "subscribers-away=10s", "devices=x0",
        "slow-subscribers=x-1", "durable-sessions=maybe",
    ])
    func whatCannotBeReadIsRefusedWithTheForm(_ text: String) {
        #expect(throws: WhatIfError.self) { try WhatIf(parsing: text) }
    }

    @Test func subscribersCanBeSlower() throws {
        let recording = try TraceFile.recording(in: folder) { file in
            try file.connect(0, "s")
            try file.subscribe(0, "t")
            guard let id = PacketID(3) else { return }
            for wait in [0.099, 0.199] {
                let delivery = Publish(qos: .atLeastOnce, topic: "t", packetID: id)
                try file.send(.publish(delivery), on: 0, .toClient)
                file.wait(seconds: wait)
                try file.send(.puback(Acknowledgement(packetID: id)), on: 0)
            }
        }
        func delays(_ whatIfs: WhatIf...) throws -> [Int64?] {
            var plan = TimelinePlan(seed: Seed(3))
            plan.whatIfs = whatIfs
            let timeline = try plan.make(from: recording).timeline
            while try timeline.next() != nil {}
            return timeline.answerDelays(of: 0).map { $0.map { $0.count / 1_000_000 } }
        }
        #expect(try delays() == [100, 200])
        #expect(try delays(.slowSubscribers(factor: 3)) == [300, 600])
        #expect(try delays(.lateSubscribers(by: .milliseconds(50))) == [150, 250])
    }

    @Test(arguments: [("10", 10.0), ("2.5x", 2.5), ("max", nil)] as [(String, Double?)])
    func speedsAreRead(_ text: String, _ factor: Double?) {
        #expect(Speed(parsing: text) == factor.map(Speed.times) ?? .max)
    }

    @Test(arguments: ["0", "-1", "x", "nan", "inf", "1e9", ""])
    func noSpeedIsNoSpeed(_ text: String) { #expect(Speed(parsing: text) == nil) }
}
