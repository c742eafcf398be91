import Foundation
import Knobs
import Measure
import Replay
import Server
import Storage
import TestSupport
import Testing
import Traffic

/// Real brokers, the bundled capture and the ledger between them.
@Suite(.serialized) struct HeldBrokersTests {
    /// One pass, twenty times as fast; what was kept for whoever is away at the end is taken.
    private static func replay(
        _ port: Int, _ promise: Promise, in scratch: ScratchDirectory
    ) throws -> Verification {
        let target = try Target(parsing: "mqtt://127.0.0.1:\(port)").resolved(isOwned: false)
        let sockets = try SocketTransport(target)
        defer { sockets.stop() }
        let ledger = try Ledger(creating: scratch("ledger"))
        let transport = WitnessedTransport(wrapping: sockets, ledger: ledger)
        let trace = try Trace.load(captures: [Folder.capture]).trace
        let replayer = Replayer(
            TraceTimeline(trace), over: transport, on: Schedule(start: .now(), speed: 20))
        #expect(try replayer.run() == .finished)
        replayer.settle(until: .now() + .seconds(10)) {
            replayer.unanswered == 0 && .now() - replayer.lastHeard > .milliseconds(500)
        }
        transport.settled(at: .now())
        replayer.hangUp()
        var collector = Collector(transport)
        let isOver = collector.run(quiet: .milliseconds(500), until: .now() + .seconds(10))
        #expect(isOver)
        ledger.close(at: .now())
        #expect(ledger.failure == nil)
        return try Verifier(ledger.path, promise).run()
    }

    /// Client to broker, as the notes of the capture have it.
    private static func expectAll(_ found: Verification) {
        #expect(found.holds, "\(found.violations) \(found.examples)")
        #expect(found.sent == [1126, 323, 592])
        #expect(found.acknowledged == [0, 323, 592])
        #expect(found.owed > 900)
        #expect(found.lostAcknowledged == 0)
    }

    @Test(.enabled(if: Mosquitto.isThere, "mosquitto is not installed"))
    func mosquittoKeepsWhatItPromises() async throws {
        let scratch = ScratchDirectory()
        try await blocking {
            let broker = try Mosquitto(["max_queued_messages 0"])
            Self.expectAll(try Self.replay(broker.port, .mqtt, in: scratch))
        }
    }

    /// The archiver is away while more is published than mosquitto keeps for it: what is missing is what its limit
    /// implies, and nothing else.
    @Test(.enabled(if: Mosquitto.isThere, "mosquitto is not installed"))
    func mosquittoDropsBeyondItsLimit() async throws {
        let scratch = ScratchDirectory()
        try await blocking {
            let broker = try Mosquitto(["max_queued_messages 20"])
            var promise = Promise.mosquitto
            (promise.queueOfDurable, promise.queueOfOthers) = (20, 20)
            let found = try Self.replay(broker.port, promise, in: scratch)
            #expect(found.holds, "\(found.violations) \(found.examples)")
            #expect(found.lostToQueueLimit > 0)
            #expect(found.lostToQueueLimit == found.lostAcknowledged)
            let again = try Verifier(scratch("ledger"), .mqtt).run()
            #expect(!again.holds, "without the limit in its promise it is a loss")
        }
    }

    @Test func ownBrokerKeepsWhatItPromises() async throws {
        let scratch = ScratchDirectory()
        var configuration = ServerConfiguration(
            dataDirectory: scratch("data"),
            storage: StoreOptions(
                engine: .emqx58Local, setting: Setting(["n_shards": 1]), miniature: 64))
        configuration.listeners[0].endpoint.port = 0
        configuration.access.allowsAnonymous = true
        configuration.admin = nil
        let server = try await BrokerServer(configuration)
        let port = server.ports[0]
        try await blocking {
            var promise = Promise.mqtt
            promise.isOurs = true
            Self.expectAll(try Self.replay(port, promise, in: scratch))
        }
        await server.stop()
    }
}
