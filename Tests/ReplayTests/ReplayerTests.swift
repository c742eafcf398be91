import Glibc
import MQTT
import Measure
import Replay
import TestSupport
import Testing
import Traffic

@Suite struct ReplayerTests {
    static let trace = Result { try Trace.load(captures: [Folder.capture]).trace }

    /// Client to broker the capture has 1126 / 323 / 592 PUBLISHes; one pass sends each of them once.
    @Test func onePassSendsWhatWasRecorded() throws {
        let transport = ScriptedBroker()
        Replayer.dryRun(try Self.trace.get(), over: transport)
        #expect(transport.publishes == [1126, 323, 592])
        #expect(transport.connects == 99)
        #expect(transport.reusedWhileInUse == 0)
    }

    /// An open loop sends on time whether or not earlier messages were answered.
    @Test func lateAnswersDoNotHoldBackTheSender() throws {
        let trace = try Self.trace.get()
        func replay(answersAfter: Int) throws -> (sent: Int, reused: Int) {
            let transport = ScriptedBroker()
            transport.answersAfter = answersAfter
            let replayer = Replayer(
                looping: trace, over: transport,
                on: Schedule(
                    start: .now(), speed: 200, window: .milliseconds(200)))
            #expect(try replayer.run(stopIf: { nil }) == .windowOver)
            return (replayer.recorder.sent.total, transport.reusedWhileInUse)
        }
        let prompt = try replay(answersAfter: 0), late = try replay(answersAfter: 300)
        #expect(prompt.sent > 1_000)
        #expect(late.sent == prompt.sent, "the plan alone decides what is sent")
        #expect(late.reused == 0, "an identifier is not used again before its answer")
    }

    /// No coordinated omission: a pause in the target is in the latency of all that was due meanwhile, not
    /// of one message.
    @Test func aPauseOfTheTargetShowsInFull() throws {
        let trace = try Self.trace.get()
        let transport = ScriptedBroker()
        transport.pause = (send: 600, time: .milliseconds(100))
        let replayer = Replayer(
            looping: trace, over: transport,
            on: Schedule(
                start: .now(), speed: 100, window: .milliseconds(450)))
        _ = try replayer.run(stopIf: { nil })
        let latencies = replayer.recorder.puback
        // About a fifth of what was sent was due during the pause and waited half of it on average.
        #expect((latencies.percentile(99)?.seconds ?? 0) > 0.05)
        #expect((replayer.recorder.lag.percentile(95)?.seconds ?? 0) > 0.02)
    }

    /// What the thread asked of the kernel for the time of a replay, it gives back.
    @Test func theThreadIsScheduledAfterwardsAsBefore() async throws {
        let trace = try Self.trace.get()
        // SCHED_RESET_ON_FORK, which Glibc hides.
        let inherited: Int32 = 0x4000_0000
        @Sendable func policy() -> Int32 { sched_getscheduler(0) & ~inherited }
        try await blocking {
            let before = policy()
            var during: Int32?
            for realTime in [true, false] {
                var options = ReplayOptions()
                options.realTime = realTime
                let replayer = Replayer(
                    looping: trace, over: ScriptedBroker(),
                    on: Schedule(start: .now(), speed: 100, window: .milliseconds(20)), options)
                during = nil
                _ = try replayer.run {
                    during = policy()
                    return nil
                }
                #expect(during == (replayer.isRealTime ? SCHED_FIFO : before))
                #expect(realTime || !replayer.isRealTime)
                #expect(policy() == before)
            }
        }
    }

    @Test func theGuardEndsTheReplayWithItsReason() throws {
        let trace = try Self.trace.get()
        let replayer = Replayer(
            looping: trace, over: ScriptedBroker(),
            on: Schedule(
                start: .now(), speed: 10, window: .seconds(60)))
        #expect(try replayer.run(stopIf: { "full" }) == .stopped("full"))
    }

    /// Between passes every client hangs up, so that connections do not add up.
    @Test func passesDoNotPileUpConnections() throws {
        let trace = try Self.trace.get()
        let transport = ScriptedBroker()
        let replayer = Replayer(
            looping: trace, over: transport,
            on: Schedule(
                start: .now(), speed: 2_000, window: .milliseconds(120)))
        _ = try replayer.run(stopIf: { nil })
        #expect(transport.open <= trace.connections.count)
        #expect(transport.connects > 3 * 99)
    }
}
