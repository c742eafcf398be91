import MQTT
import Measure
import Replay
import TestSupport
import Testing
import Traffic

/// A broker that acknowledges, with faults that tests choose.
private final class TestTransport: Transport {
    /// Answers wait until this many sends later.
    var answersAfter = 0
    /// The send with this number blocks for this long.
    var pause: (send: Int, time: Nanoseconds)?
    private(set) var sends = 0
    private(set) var publishes = [0, 0, 0]
    private(set) var connects = 0
    private(set) var open = 0
    private(set) var identifiersInUse = 0
    private(set) var reusedWhileInUse = 0
    private var used: Set<Int> = []
    private var waiting: [(due: Int, connection: Int, packet: [UInt8])] = []
    private var next = 0

    func open(from endpoint: Endpoint, at now: MonotonicTime) -> Int {
        next += 1
        open += 1
        return next
    }

    func close(_ connection: Int, at now: MonotonicTime) { open -= 1 }

    func send(_ packet: RawSpan, on connection: Int, intended: MonotonicTime) {
        sends += 1
        if let pause, sends == pause.send {
            let end = MonotonicTime.now() + pause.time
            while MonotonicTime.now() < end {}
        }
        guard let header = try? FixedHeader.read(packet, at: 0) else { return }
        switch header.type {
        case .connect: connects += 1
        case .publish:
            let qos = Int(header.flags >> 1 & 3)
            publishes[qos] += 1
            guard qos > 0 else { return }
            let topic = Int(
                packet.unsafeLoadUnaligned(fromByteOffset: header.headerLength, as: UInt16.self)
                    .bigEndian)
            let at = header.headerLength + 2 + topic
            let id = packet.unsafeLoadUnaligned(fromByteOffset: at, as: UInt16.self).bigEndian
            if !used.insert(connection << 16 | Int(id)).inserted { reusedWhileInUse += 1 }
            answer(qos == 1 ? .puback : .pubrec, id, connection)
        case .pubrel:
            let id = packet.unsafeLoadUnaligned(fromByteOffset: 2, as: UInt16.self).bigEndian
            answer(.pubcomp, id, connection)
        default: break
        }
    }

    private func answer(_ type: PacketType, _ id: UInt16, _ connection: Int) {
        guard let packetID = PacketID(id) else { return }
        var packet: [UInt8] = []
        writeAcknowledgement(type, packetID, to: &packet)
        waiting.append((sends + answersAfter, connection, packet))
    }

    func receive(
        at now: MonotonicTime,
        _ body: (_ connection: Int, _ packet: RawSpan, _ arrived: MonotonicTime) -> Void
    ) {
        while let first = waiting.first, first.due <= sends {
            waiting.removeFirst()
            if first.packet[0] >> 4 != PacketType.pubrec.rawValue {
                used.remove(
                    first.connection << 16 | Int(first.packet[2]) << 8 | Int(first.packet[3]))
            }
            body(first.connection, first.packet.span.bytes, .now())
        }
    }

    func wait(until time: MonotonicTime) {
        while MonotonicTime.now() < time {}
    }
}

@Suite struct ReplayerTests {
    static let trace = Result { try Trace.load(captures: [Folder.capture]).trace }

    /// Client to broker the capture has 1126 / 323 / 592 PUBLISHes; one pass sends each of them once.
    @Test func onePassSendsWhatWasRecorded() throws {
        let transport = TestTransport()
        Replayer.dryRun(try Self.trace.get(), over: transport)
        #expect(transport.publishes == [1126, 323, 592])
        #expect(transport.connects == 99)
        #expect(transport.reusedWhileInUse == 0)
    }

    /// An open loop sends on time whether or not earlier messages were answered.
    @Test func lateAnswersDoNotHoldBackTheSender() throws {
        let trace = try Self.trace.get()
        func replay(answersAfter: Int) -> (sent: Int, reused: Int) {
            let transport = TestTransport()
            transport.answersAfter = answersAfter
            let replayer = Replayer(
                trace, over: transport,
                on: Schedule(
                    start: .now(), speed: 200, period: trace.period, warmUp: .zero,
                    window: .milliseconds(200)))
            #expect(replayer.run(stopIf: { nil }) == .windowOver)
            return (replayer.recorder.sent.total, transport.reusedWhileInUse)
        }
        let prompt = replay(answersAfter: 0), late = replay(answersAfter: 300)
        #expect(prompt.sent > 1_000)
        #expect(late.sent == prompt.sent, "the plan alone decides what is sent")
        #expect(late.reused == 0, "an identifier is not used again before its answer")
    }

    /// No coordinated omission: a pause in the target is in the latency of all that was due meanwhile, not
    /// of one message.
    @Test func aPauseOfTheTargetShowsInFull() throws {
        let trace = try Self.trace.get()
        let transport = TestTransport()
        transport.pause = (send: 600, time: .milliseconds(100))
        let replayer = Replayer(
            trace, over: transport,
            on: Schedule(
                start: .now(), speed: 100, period: trace.period, warmUp: .zero,
                window: .milliseconds(450)))
        _ = replayer.run(stopIf: { nil })
        let latencies = replayer.recorder.puback
        // About a fifth of what was sent was due during the pause and waited half of it on average.
        #expect((latencies.percentile(99)?.seconds ?? 0) > 0.05)
        #expect((replayer.recorder.lag.percentile(95)?.seconds ?? 0) > 0.02)
    }

    @Test func theGuardEndsTheReplayWithItsReason() throws {
        let trace = try Self.trace.get()
        let replayer = Replayer(
            trace, over: TestTransport(),
            on: Schedule(
                start: .now(), speed: 10, period: trace.period, warmUp: .zero, window: .seconds(60))
        )
        #expect(replayer.run(stopIf: { "full" }) == .stopped("full"))
    }

    /// Between passes every client hangs up, so that connections do not add up.
    @Test func passesDoNotPileUpConnections() throws {
        let trace = try Self.trace.get()
        let transport = TestTransport()
        let replayer = Replayer(
            trace, over: transport,
            on: Schedule(
                start: .now(), speed: 2_000, period: trace.period, warmUp: .zero,
                window: .milliseconds(120)))
        _ = replayer.run(stopIf: { nil })
        #expect(replayer.recorder.passes >= 3)
        #expect(transport.open <= trace.connections.count)
        #expect(transport.connects > 3 * 99)
    }
}
