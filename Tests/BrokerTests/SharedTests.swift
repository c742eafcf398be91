import Broker
import MQTT
import Measure
import Testing

/// Shared subscriptions (MQTT 5.0, 4.8.2), of sessions served at once (expiry 0) and of durable ones.
@Suite struct SharedTests {
    private static let expiries: [UInt32] = [0, 3_600]

    private static func members(
        _ count: Int, of stage: Stage, expiry: UInt32, qos: QoS = .atLeastOnce,
        filter: String = "$share/g/t/#"
    ) -> [Int] {
        (0..<count).map { number in
            let member = stage.connect("m\(number)", clean: false, expiry: expiry)
            stage.subscribe(member, to: [Subscription(filter: filter, qos: qos)])
            _ = stage.take(member)
            return member
        }
    }

    private static func publish(
        _ range: Range<Int>, on stage: Stage, qos: QoS = .atLeastOnce, from sender: Int
    ) {
        for number in range { stage.publish("\(number)", to: "t/x", qos: qos, from: sender) }
    }

    /// [MQTT-4.8.2-4]. Fails if two members get the same message, or one of them all.
    @Test(arguments: expiries, [QoS.atMostOnce, .atLeastOnce, .exactlyOnce])
    func eachMessageGoesToOneMemberInTurn(_ expiry: UInt32, _ qos: QoS) {
        let stage = Stage()
        let members = Self.members(3, of: stage, expiry: expiry, qos: qos)
        let plain = stage.connect("plain", expiry: expiry)
        stage.subscribe(plain, to: [Subscription(filter: "t/#", qos: qos)])
        stage.settle()
        Self.publish(0..<30, on: stage, qos: qos, from: stage.connect("sender"))
        let got = members.map { stage.drain($0).map(\.text) }
        #expect(got.allSatisfy { $0.count == 10 }, "\(got)")
        #expect(Set(got.joined()).count == 30)
        #expect(stage.drain(plain).count == 30, "who does not share gets all")
    }

    /// Other groups, and other filters of a group, are other subscriptions.
    @Test(arguments: expiries) func groupsAreTheirOwn(_ expiry: UInt32) {
        let stage = Stage()
        let one = stage.connect("one", expiry: expiry)
        stage.subscribe(
            one,
            to: ["$share/g/t/#", "$share/h/t/#", "$share/g/t/x"].map {
                Subscription(filter: $0, qos: .atLeastOnce)
            })
        stage.settle()
        Self.publish(0..<5, on: stage, from: stage.connect("sender"))
        #expect(stage.drain(one).count == 15)
        stage.send(
            .unsubscribe(Unsubscribe(packetID: stage.id(), filters: ["$share/h/t/#"])), on: one)
        Self.publish(5..<10, on: stage, from: stage.connect("sender"))
        #expect(
            stage.drain(one).count == 10)
    }

    /// What a member has not acknowledged at QoS 1 others get when its session ends. Fails if it is lost.
    @Test(arguments: expiries, [false, true])
    func theSharesOfAMemberThatEndsGoToOthers(_ expiry: UInt32, _ subscribesLater: Bool) {
        let stage = Stage()
        var members = Self.members(subscribesLater ? 1 : 2, of: stage, expiry: expiry)
        let sender = stage.connect("sender")
        Self.publish(0..<20, on: stage, from: sender)
        let unanswered = stage.messages(members[0]).count
        #expect(unanswered == (subscribesLater ? 20 : 10))
        if subscribesLater {
            let late = stage.connect("late", clean: false, expiry: expiry)
            stage.subscribe(late, to: [Subscription(filter: "$share/g/t/#", qos: .atLeastOnce)])
            _ = stage.take(late)
            members.append(late)
        }
        stage.disconnect(members[0], properties: expiry > 0 ? [.sessionExpiryInterval(0)] : [])
        #expect(Set(stage.drain(members[1]).map(\.text)).count == 20)
        Self.publish(20..<40, on: stage, from: sender)
        #expect(stage.drain(members[1]).count == 20)
    }

    /// [MQTT-4.8.2-5]: what was sent at QoS 2 nobody else may have, and the stream goes on without it.
    @Test(arguments: expiries) func atQoS2NobodyElseGetsWhatWasSent(_ expiry: UInt32) {
        let stage = Stage(shards: 1)
        let members = Self.members(2, of: stage, expiry: expiry, qos: .exactlyOnce)
        let sender = stage.connect("sender")
        Self.publish(0..<10, on: stage, qos: .exactlyOnce, from: sender)
        let sent = Set(stage.messages(members[0]).map(\.text))
        let other = Set(stage.drain(members[1]).map(\.text))
        #expect(sent.count == 5)
        stage.disconnect(members[0], properties: expiry > 0 ? [.sessionExpiryInterval(0)] : [])
        Self.publish(10..<20, on: stage, qos: .exactlyOnce, from: sender)
        let after = Set(stage.drain(members[1]).map(\.text))
        #expect(after == Set((10..<20).map { "\($0)" }))
        #expect(sent.isDisjoint(with: other.union(after)))
    }

    /// [MQTT-4.8.2-6]: what a member refuses is over.
    @Test func whatIsRefusedIsNotSentToAnother() {
        let stage = Stage()
        let members = Self.members(2, of: stage, expiry: 3_600)
        Self.publish(0..<2, on: stage, from: stage.connect("sender"))
        for message in stage.messages(members[0]) {
            guard let id = message.packetID else { continue }
            stage.send(.puback(Acknowledgement(packetID: id, reasonCode: 0x83)), on: members[0])
        }
        stage.disconnect(members[0], properties: [.sessionExpiryInterval(0)])
        #expect(stage.drain(members[1]).count == 1)
    }

    /// Who is away is passed over, and what waits while all are away comes to the first that returns.
    @Test func aDurableGroupWaitsForItsMembers() {
        let stage = Stage()
        let members = Self.members(2, of: stage, expiry: 3_600)
        let sender = stage.connect("sender")
        stage.disconnect(members[0])
        Self.publish(0..<10, on: stage, from: sender)
        #expect(stage.drain(members[1]).count == 10)
        stage.disconnect(members[1])
        Self.publish(10..<300, on: stage, from: sender)
        stage.settle()
        let back = stage.connect("m0", clean: false, expiry: 3_600)
        #expect(stage.drain(back).map(\.text) == (10..<300).map { "\($0)" })
    }

    /// A member that is away keeps what it was sent only as long as nobody else is there to take it.
    @Test func whatAnAbsentMemberHoldsIsTakenOver() {
        let stage = Stage()
        let members = Self.members(1, of: stage, expiry: 3_600)
        Self.publish(0..<4, on: stage, from: stage.connect("sender"))
        let sent = stage.messages(members[0])
        stage.cut(members[0])
        let back = stage.connect("m0", clean: false, expiry: 3_600)
        let again = stage.messages(back)
        #expect(again.map(\.packetID) == sent.map(\.packetID), "[MQTT-4.4.0-1]")
        #expect(again.allSatisfy { $0.dup })
        stage.cut(back)
        let late = stage.connect("late", clean: false, expiry: 3_600)
        stage.subscribe(late, to: [Subscription(filter: "$share/g/t/#", qos: .atLeastOnce)])
        #expect(stage.drain(late).map(\.text) == ["0", "1", "2", "3"])
        #expect(stage.drain(stage.connect("m0", clean: false, expiry: 3_600)).isEmpty)
    }

    /// One of the members is durable: the group is read from storage for all of them.
    @Test func membersOfBothKindsShare() {
        let stage = Stage()
        let live = Self.members(1, of: stage, expiry: 0)
        let durable = stage.subscriber(
            "d", to: [Subscription(filter: "$share/g/t/#", qos: .exactlyOnce)])
        Self.publish(0..<10, on: stage, from: stage.connect("sender"))
        let got = [live[0], durable].map { stage.drain($0).map(\.text) }
        #expect(got.map(\.count) == [5, 5])
        #expect(Set(got.joined()).count == 10)
    }

    /// Fails if a group that nobody belongs to keeps state.
    @Test func theStateOfAGroupEndsWithIt() {
        let stage = Stage()
        let members = Self.members(1, of: stage, expiry: 3_600)
        stage.settle()
        #expect(!stage.store.sessionRows(of: "\0$share/g/t/#").isEmpty)
        stage.send(
            .unsubscribe(Unsubscribe(packetID: stage.id(), filters: ["$share/g/t/#"])),
            on: members[0])
        stage.settle()
        #expect(stage.store.sessionRows(of: "\0$share/g/t/#").isEmpty)
        Self.publish(0..<3, on: stage, from: stage.connect("sender"))
        #expect(stage.store.stored == 0)
    }

    /// Nothing is lost and nothing comes to two members at once while they come, go, lose acknowledgements and end.
    @Test(arguments: 1...6 as ClosedRange<UInt64>, expiries)
    func nothingIsLostWhileMembersComeAndGo(_ root: UInt64, _ expiry: UInt32) {
        var seed = Seed(root).branch("share")
        let stage = Stage()
        let sender = stage.connect("sender")
        // One stays, or there would be times without a group, in which nothing is owed to it.
        let filter = "$share/g/t/#"
        var steady = Self.members(1, of: stage, expiry: expiry)[0]
        var others: [Int: Int] = [:]
        var got: [String: Int] = [:]
        func note(_ messages: [Publish]) {
            for message in messages { got[message.text, default: 0] += 1 }
        }
        for step in 0..<600 {
            let number = Int.random(in: 1...3, using: &seed)
            switch Int.random(in: 0..<10, using: &seed) {
            case 0..<5: Self.publish(step..<step + 1, on: stage, from: sender)
            case 5:
                if let connection = others.removeValue(forKey: number) {
                    let ends = expiry > 0 && Bool.random(using: &seed)
                    stage.disconnect(
                        connection, properties: ends ? [.sessionExpiryInterval(0)] : [])
                } else {
                    let connection = stage.connect("m\(number)", clean: false, expiry: expiry)
                    stage.subscribe(
                        connection, to: [Subscription(filter: filter, qos: .atLeastOnce)])
                    others[number] = connection
                }
            case 6:
                if expiry > 0 {
                    stage.cut(steady)
                    steady = stage.connect("m0", clean: false, expiry: expiry)
                }
            case 7: note(stage.drain(steady))
            default:
                // Seen and not acknowledged, or acknowledged.
                guard let connection = others[number] else { continue }
                if Bool.random(using: &seed) {
                    _ = stage.take(connection)
                } else {
                    note(stage.drain(connection))
                }
            }
        }
        let published = stage.sessions.counters.published
        for connection in others.values {
            stage.disconnect(connection, properties: expiry > 0 ? [.sessionExpiryInterval(0)] : [])
        }
        if expiry > 0 {
            stage.cut(steady)
            steady = stage.connect("m0", clean: false, expiry: expiry)
        }
        note(stage.drain(steady))
        #expect(got.count == published, "seed \(root), expiry \(expiry)")
    }

    /// [MQTT-4.8.2-1], [MQTT-4.8.2-2], [MQTT-3.8.3-4]: what breaks the rules ends the connection.
    @Test(arguments: ["$share//t", "$share/g+/t", "$share/g#/t", "$share/g", "$share/g/"])
    func aShareNameHasItsRules(_ filter: String) {
        let stage = Stage()
        let client = stage.connect("c")
        stage.subscribe(client, to: [Subscription(filter: filter, qos: .atLeastOnce)])
        #expect(stage.closed == [client])
    }

    @Test func noLocalIsNotForSharedSubscriptions() {
        let stage = Stage()
        let client = stage.connect("c")
        stage.subscribe(
            client, to: [Subscription(filter: "$share/g/t", qos: .atLeastOnce, noLocal: true)])
        #expect(stage.closed == [client])
        guard case .disconnect(let disconnect)? = stage.take(client).last else {
            Issue.record("no DISCONNECT")
            return
        }
        #expect(disconnect.reasonCode == 0x82)
    }

    /// (MQTT 5.0, 4.8.2: no retained messages are sent for a shared subscription.)
    @Test(arguments: expiries) func noRetainedMessagesAreShared(_ expiry: UInt32) {
        let stage = Stage()
        stage.publish("kept", to: "t/x", from: stage.connect("sender"), retain: true)
        let members = Self.members(1, of: stage, expiry: expiry)
        #expect(stage.drain(members[0]).isEmpty)
    }
}
