import MQTT
import Measure
import Replay
import TestSupport
import Testing
import Traffic

/// What a target may do to a replay, and that none of it is a hang.
@Suite struct SocketFaultTests {
    /// The replay's side: sends by hand, and takes what comes until something is true or ten seconds are over.
    final class Hand {
        let transport: SocketTransport
        var packets: [(connection: Int, bytes: [UInt8])] = []
        var ended: [Int] = []

        init(_ port: Int, _ change: (inout SocketOptions) throws -> Void = { _ in }) throws {
            var options = SocketOptions()
            try change(&options)
            transport = try SocketTransport(
                Target(parsing: "mqtt://127.0.0.1:\(port)").resolved(isOwned: false), options)
        }

        func open() -> Int {
            let peer = Endpoint(address: [192, 0, 2, 7], port: 1)
            let connection = transport.open(from: peer, at: .now())
            send([0x10, 13, 0, 4, 0x4D, 0x51, 0x54, 0x54, 4, 2, 0, 0, 0, 1, 0x63], connection)
            return connection
        }

        func send(_ bytes: [UInt8], _ connection: Int) {
            transport.send(bytes.span.bytes, on: connection, intended: .now())
        }

        /// At QoS 1.
        func publish(_ id: UInt8, _ connection: Int, payload: Int = 1) {
            var bytes: [UInt8] = []
            let publish = Publish(
                qos: .atLeastOnce, topic: "a", packetID: PacketID(UInt16(id)),
                payload: Array(repeating: 7, count: payload))
            Packet.publish(publish).write(to: &bytes, version: .v3_1_1)
            send(bytes, connection)
        }

        @discardableResult
        func take(within bound: Nanoseconds = .seconds(10), until done: () -> Bool) -> Bool {
            let deadline = MonotonicTime.now() + bound
            while !done(), MonotonicTime.now() < deadline {
                transport.wait(until: min(deadline, .now() + .milliseconds(10)))
                transport.receive(at: .now()) { connection, packet, arrived in
                    #expect(arrived <= .now())
                    if packet.byteCount == 0 {
                        ended.append(connection)
                    } else {
                        packets.append((connection, packet.withUnsafeBytes { Array($0) }))
                    }
                }
            }
            return done()
        }

        var faults: [TransportFault.Kind: Int] { transport.report().faults.counts }
    }

    private static func with(
        _ manner: FakeTarget.Manner,
        _ change: @escaping @Sendable (inout SocketOptions) -> Void = { _ in },
        _ body: @escaping @Sendable (Hand, FakeTarget) throws -> Void
    ) async throws {
        let target = try await FakeTarget(manner)
        try await blocking {
            let hand = try Hand(target.port, change)
            try body(hand, target)
            hand.transport.stop(within: .milliseconds(500))
        }
        try await target.stop()
    }

    @Test func answersComeBackInOrder() async throws {
        try await Self.with(.answers) { hand, _ in
            let connection = hand.open()
            for id in 1...100 { hand.publish(UInt8(id), connection) }
            #expect(hand.take { hand.packets.count == 101 })
            #expect(hand.packets.dropFirst().map { Int($0.bytes[3]) } == Array(1...100))
            #expect(hand.transport.unanswered == 0)
            #expect(hand.transport.unsentBytes == 0)
            #expect(hand.transport.report().socketTimes.count == 100)
            #expect(hand.transport.fault == nil)
        }
    }

    /// Nobody listens there: known before the replay begins, with what to do.
    @Test func aTargetThatRefusesIsKnownAtOnce() async throws {
        let target = try await FakeTarget(.answers)
        try await target.stop()
        let port = target.port
        let fault = await #expect(throws: TransportFault.self) {
            try await blocking { _ = try Hand(port) }
        }
        #expect(fault?.kind == .refused)
        #expect(fault?.sentence.contains("127.0.0.1:\(port)") == true)
    }

    /// A target that goes away while it is used: connections end, and the run is stopped after the bound.
    @Test func aTargetThatGoesAwayStopsTheRun() async throws {
        let target = try await FakeTarget(.answers)
        let hand = try await blocking { () -> UncheckedHand in
            let hand = try Hand(target.port) { $0.limits.silence = .milliseconds(300) }
            _ = hand.open()
            #expect(hand.take { hand.packets.count == 1 })
            return UncheckedHand(hand)
        }
        try await target.stop()
        try await blocking {
            let hand = hand.hand
            #expect(hand.take { hand.ended.count == 1 })
            let again = hand.open()
            #expect(hand.take { hand.ended.contains(again) })
            #expect(hand.faults[.refused] == 1)
            #expect(hand.take { hand.transport.reasonToStop(at: .now()) != nil })
            guard case .unreachable = hand.transport.reasonToStop(at: .now()) else {
                Issue.record("\(String(describing: hand.transport.reasonToStop(at: .now())))")
                return
            }
            hand.transport.stop()
        }
    }

    /// `@unchecked Sendable`: handed from one thread to the next, which waits for the first.
    private struct UncheckedHand: @unchecked Sendable {
        let hand: Hand
        init(_ hand: Hand) { self.hand = hand }
    }

    @Test(
        arguments: [
            (.resets, .reset), (.ends, .ended), (.says(Array("HTTP/1.1 400".utf8)), .garbage),
            // PUBLISH before CONNACK, SUBSCRIBE from a broker, a CONNACK of 2 MiB, type 0.
            (.says([0x30, 3, 0, 1, 0x61]), .garbage), (.says([0x20, 2, 0, 0, 0x82, 0]), .garbage),
            (.says([0x20, 0x80, 0x80, 0x80, 1]), .garbage), (.says([0, 0]), .garbage),
        ] as [(FakeTarget.Manner, TransportFault.Kind)])
    func aBrokenConnectionEndsWithItsFault(_ manner: FakeTarget.Manner, _ kind: TransportFault.Kind)
        async throws
    {
        try await Self.with(manner) { hand, _ in
            let connection = hand.open()
            hand.publish(1, connection)
            #expect(hand.take { hand.ended == [connection] }, "\(manner)")
            #expect(hand.faults == [kind: 1], "\(hand.transport.report().faults.sentences)")
            #expect(hand.transport.unanswered == 0)
            // What is sent to it now goes nowhere, and is said.
            hand.publish(2, connection)
            #expect(hand.transport.report().cutOff >= 1)
        }
    }

    @Test func aRefusedLoginSaysWhereCredentialsGo() async throws {
        try await Self.with(.denies(5)) { hand, _ in
            _ = hand.open()
            #expect(hand.take { hand.packets.count == 1 })
            #expect(hand.faults == [.denied: 1])
            #expect(hand.transport.fault?.sentence.contains("--credentials") == true)
        }
    }

    /// Fails if silence is waited for without a bound, or a target that answers is taken for silent.
    @Test(arguments: [FakeTarget.Manner.isSilent, .isStuck, .answers])
    func aTargetThatStopsAnsweringIsGivenUp(_ manner: FakeTarget.Manner) async throws {
        try await Self.with(manner, { $0.limits.silence = .milliseconds(400) }) { hand, _ in
            let connection = hand.open()
            hand.publish(1, connection)
            let began = MonotonicTime.now()
            var stop: TransportStop?
            hand.take(within: .seconds(2)) {
                stop = hand.transport.reasonToStop(at: .now())
                return stop != nil
            }
            if case .answers = manner { return #expect(stop == nil) }
            guard case .silent(let time, let unanswered) = stop else {
                Issue.record("\(String(describing: stop))")
                return
            }
            #expect(time > .milliseconds(400) && unanswered > 0)
            #expect(MonotonicTime.now() - began < .seconds(2))
        }
    }

    /// A target that reads nothing: what is not taken is counted, the sender is not held up, and the backlog is the end
    /// with the rate at which it was.
    @Test func aTargetThatReadsNothingIsOverloadAtItsRate() async throws {
        try await Self.with(.isStuck, { $0.limits.unsentBytes = 32 << 20 }) { hand, _ in
            let connection = hand.open()
            var stop: TransportStop?
            let began = MonotonicTime.now()
            for id in 0..<3_000 where stop == nil {
                hand.publish(UInt8(id % 250 + 1), connection, payload: 32 << 10)
                hand.transport.receive(at: .now()) { _, _, _ in }
                if id % 100 == 0 { stop = hand.transport.reasonToStop(at: .now()) }
            }
            #expect(MonotonicTime.now() - began < .seconds(8), "the sender was held up")
            guard case .overload(let rate, let unanswered, let bytes) = stop else {
                Issue.record("\(String(describing: stop))")
                return
            }
            #expect(rate > 0 && unanswered > 500 && bytes > 32 << 20)
        }
    }

    @Test func credentialsGoIntoConnectOnItsWayOut() async throws {
        let given = TargetCredentials.of(environment: [
            TargetCredentials.nameVariable: "pump", TargetCredentials.passwordVariable: "hush",
        ])
        try await Self.with(.answers, { $0.credentials = given }) { hand, target in
            _ = hand.open()
            #expect(hand.take { hand.packets.count == 1 })
            let log = target.log.all
            let seen = try Credentials.read(log.span.bytes)
            #expect(seen.clientID == "c" && seen.username == "pump")
            #expect(seen.password == Array("hush".utf8))
        }
    }

    /// Fails if more goes out in a second than the cap, whatever the plan is.
    @Test func theCapHoldsOnTheWire() async throws {
        try await Self.with(.answers, { $0.packetsPerSecond = 50 }) { hand, _ in
            let began = MonotonicTime.now()
            let connection = hand.open()
            for id in 1...120 { hand.publish(UInt8(id), connection) }
            #expect(hand.take(within: .milliseconds(900)) { hand.packets.count > 60 } == false)
            #expect(hand.take { hand.packets.count == 121 })
            // 122 things, the connection among them, at 50 a second.
            #expect(MonotonicTime.now() - began > .seconds(2))
        }
    }

    /// Who has said DISCONNECT is let go by the broker, which is no fault of it.
    @Test func aBrokerThatEndsFirstAfterDisconnectIsNotBlamed() async throws {
        try await Self.with(.answers) { hand, _ in
            let connection = hand.open()
            #expect(hand.take { hand.packets.count == 1 })
            hand.send([0xE0, 0], connection)
            #expect(hand.take { hand.ended == [connection] })
            #expect(hand.faults.isEmpty, "\(hand.faults)")
        }
    }

    /// What was sent before a connection is closed reaches the target.
    @Test func theLastWordIsHeard() async throws {
        try await Self.with(.answers) { hand, target in
            for _ in 0..<50 {
                let connection = hand.open()
                hand.send([0xE0, 0], connection)
                hand.transport.close(connection, at: .now())
            }
            hand.take { target.log.all.count == 50 * 17 }
            #expect(target.log.all.count == 50 * 17)
            #expect(hand.ended.isEmpty && hand.faults.isEmpty)
        }
    }
}
