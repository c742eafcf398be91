import Broker
import Foundation
import HOCON
import Measure
import Replay
import Storage
import TestSupport
import Testing
import Traffic
import Trial

/// A broker is killed in the middle of a replay, and what is left of it is held to its engine's promise.
@Suite(.serialized) struct BrokerCrashTests {
    private struct Outcome: Sendable {
        let found: Verification
        let returns: Int
    }

    /// The bundled capture at ten times its pace, with a kill in its middle.
    private static func crash(
        _ engine: EngineModel, judgedBy promise: Promise, in scratch: ScratchDirectory,
        more: [(String, HOCONValue)] = []
    ) throws -> Outcome {
        var plan = BrokerPlan(directory: scratch("broker"), engine: engine.id)
        plan.executable = Command.executable.path
        plan.more = [("durable_storage.messages.n_shards", .number("2"))] + more
        let broker = BrokerProcess(plan)
        try broker.start()
        let target = try Target(parsing: "mqtt://127.0.0.1:\(broker.port)").resolved(isOwned: false)
        let sockets = try SocketTransport(target)
        defer { sockets.stop() }
        let ledger = try Ledger(creating: scratch("ledger"))
        let transport = WitnessedTransport(wrapping: sockets, ledger: ledger)
        let trace = try Trace.load(captures: [Folder.capture]).trace
        var options = ReplayOptions()
        options.reconnectAfter = .milliseconds(100)
        let start = MonotonicTime.now()
        let replayer = Replayer(
            TraceTimeline(trace), over: transport, on: Schedule(start: start, speed: 10), options)
        let crash = BrokerCrash(of: broker, at: start + .milliseconds(2_500), ledger: ledger)
        #expect(try replayer.run(stopIf: { crash.look(at: .now()) }) == .finished)
        #expect(crash.wait(until: .now() + .seconds(60)) == nil)
        #expect(crash.isOver)
        replayer.settle(until: .now() + .seconds(20)) {
            !replayer.awaitsAnswers && .now() - replayer.lastHeard > .seconds(2)
        }
        transport.settled(at: .now())
        replayer.hangUp()
        var collector = Collector(transport)
        let isOver = collector.run(quiet: .seconds(2), until: .now() + .seconds(30))
        #expect(isOver)
        ledger.close(at: .now())
        // Also fails if it has ended by itself.
        try crash.stop()
        return Outcome(
            found: try Verifier(ledger.path, promise).run(), returns: replayer.recorder.returns)
    }

    /// The engine that commits before it promises loses nothing and repeats nothing at QoS 2.
    @Test func whatWasCommittedSurvivesAKill() async throws {
        let scratch = ScratchDirectory()
        let outcome = try await blocking {
            try Self.crash(
                .article,
                judgedBy: Promise(.article, EngineModel.article.durability, SessionLimits()),
                in: scratch)
        }
        let found = outcome.found
        #expect(found.holds, "\(found.violations) \(found.examples)")
        #expect(outcome.returns > 0, "nobody was connected when it was killed")
        #expect(found.crash?.kills == 1)
        #expect((found.crash?.untilAccepting ?? .zero) > .zero)
        #expect((found.crash?.untilFirstQueued ?? .zero) > .zero)
        #expect(found.lostToKill == 0 && found.duplicates[2] == 0)
    }

    /// EMQX acknowledges what is in a buffer and commits sessions now and then: after a kill it loses and repeats. That
    /// is seen, excused by its own promise, and is none of what another engine may do.
    @Test func eachEngineIsHeldToItsOwnPromise() async throws {
        let scratch = ScratchDirectory()
        let engine = EngineModel.emqx58Local
        let outcome = try await blocking {
            try Self.crash(
                engine, judgedBy: Promise(engine, engine.durability, SessionLimits()), in: scratch,
                // The kill finds something in the buffers.
                more: [
                    ("durable_storage.messages.local_write_buffer.flush_interval", .string("2s"))
                ])
        }
        #expect(outcome.found.holds, "\(outcome.found.violations) \(outcome.found.examples)")
        let strict = try Verifier(
            scratch("ledger"), Promise(.article, EngineModel.article.durability, SessionLimits())
        ).run()
        #expect(!strict.holds, "an engine that commits before it promises repeats nothing at QoS 2")
    }
}
