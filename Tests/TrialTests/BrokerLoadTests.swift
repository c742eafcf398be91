import Foundation
import Measure
import Synchronization
import Testing
import Trial

@Suite struct BrokerLoadTests {
    private final class Count: Sendable {
        let messages = Atomic(0)
    }

    /// Fails if a thread's share were not divided, or a message counted twice.
    @Test(arguments: [1, 2, 3]) func eachMessageCostsWhatIsDeclared(_ threads: Int) throws {
        let count = Count()
        let load = BrokerLoad(perMessage: .microseconds(57), threads: threads) {
            count.messages.load(ordering: .relaxed)
        }
        try load.start()
        count.messages.store(900, ordering: .relaxed)
        while load.owed > .zero { usleep(200) }
        load.stop()
        #expect(load.burned == .microseconds(57 * 900))
    }

    @Test func nothingIsBurnedForAnEngineThatCostsNothing() throws {
        let load = BrokerLoad(perMessage: .zero, threads: 2) { 1_000_000 }
        try load.start()
        load.stop()
        #expect(load.burned == .zero)
        #expect(load.owed == .zero)
    }

    /// A debt of hours must not keep a trial from ending.
    @Test func stoppingDoesNotWaitForTheDebt() throws {
        let load = BrokerLoad(perMessage: .seconds(1), threads: 1) { 10_000 }
        try load.start()
        while load.burned == .zero { usleep(200) }
        load.stop()
        #expect(load.owed > .seconds(9_000))
    }
}
