import Foundation
import HOCON
import Measure
import TestSupport
import Testing
import Trial

/// A broker as a child of who measures it.
@Suite struct BrokerProcessTests {
    private static func plan(_ scratch: ScratchDirectory) -> BrokerPlan {
        var plan = BrokerPlan(directory: scratch("broker"), engine: "article")
        plan.executable = Command.executable.path
        plan.more = [("durable_storage.messages.n_shards", .number("1"))]
        return plan
    }

    private static let connect: [UInt8] = [
        0x10, 13, 0, 4, 0x4D, 0x51, 0x54, 0x54, 4, 2, 0, 0, 0, 1, 0x63,
    ]

    /// Fails if a client is not let in after a start or a restart, if the port changes between them, or if the
    /// killed broker still holds its database.
    @Test func whatWasKilledServesAgainOnTheSamePort() throws {
        let scratch = ScratchDirectory()
        let broker = BrokerProcess(Self.plan(scratch))
        try broker.start()
        let port = broker.port
        for _ in 0..<2 {
            let client = try WireClient(port: broker.port)
            try client.send(Self.connect)
            #expect(try client.packet() == [0x20, 2, 0, 0])
            try broker.kill()
            #expect(broker.hasEnded)
            #expect(try client.read(1) == nil)
            #expect(try broker.start() > .zero)
            #expect(broker.port == port)
        }
        try broker.stop()
        #expect(broker.hasEnded)
    }

    /// Fails if a broker that is gone passes for one that was not asked for anything.
    @Test func aBrokerThatEndsByItselfIsNoticed() throws {
        let scratch = ScratchDirectory()
        let broker = BrokerProcess(Self.plan(scratch))
        try broker.start()
        #expect(broker.unexpectedEnd == nil)
        // As when memory runs out.
        kill(try #require(broker.process), SIGKILL)
        // The kernel ends it when it gets to it; nothing else would tell when.
        let end = MonotonicTime.now() + .seconds(60)
        while broker.unexpectedEnd == nil, .now() < end { usleep(10_000) }
        #expect(broker.unexpectedEnd?.contains("the broker ended by itself (signal 9)") == true)
    }

    /// Fails if a broker that cannot start is waited for, or if what it said is not passed on.
    @Test func aBrokerThatCannotStartSaysWhy() throws {
        let scratch = ScratchDirectory()
        var plan = Self.plan(scratch)
        plan.more.append(("mqtt.max_inflight", .string("many")))
        let began = MonotonicTime.now()
        let error = #expect(throws: TrialError.self) { try BrokerProcess(plan).start() }
        #expect(error?.description.contains("mqtt.max_inflight") == true)
        #expect(MonotonicTime.now() - began < .seconds(30))
        plan.executable = "/nowhere/dstune"
        #expect(throws: TrialError.self) { try BrokerProcess(plan).start() }
    }
}
