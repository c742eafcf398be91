import Foundation
import Knobs
import Measure
import Storage
import TestSupport
import Testing

/// What an acknowledgement is worth after kill -9 (README, "What an acknowledgement promises"). Each broker
/// is a process of its own; the ledger is not.
@Suite struct KillTests {
    private static func options(_ durability: Durability, flush: Int64) -> StoreOptions {
        var options = StoreOptions(
            engine: .emqx58Local,
            setting: Setting(["n_shards": 3, "local_write_buffer.flush_interval": flush]),
            durability: durability)
        if durability.acknowledgement == .onCommit, durability.sync == .perCommit {
            options.engine.sessions = .beforePromise
        }
        return options
    }

    private static let onCommit: [Durability.Sync] = [
        .none, .interval(.milliseconds(20)), .perCommit,
    ]

    /// Killed at a random moment, three times each.
    ///
    /// Fails if an answer is sent before its commit, or if a commit is not in the log when it returns.
    @Test(arguments: onCommit.indices, [1, 2, 3] as [UInt64])
    func whatWasAcknowledgedOnCommitIsThere(_ mode: Int, _ root: UInt64) async throws {
        let durability = Durability(acknowledgement: .onCommit, sync: Self.onCommit[mode])
        let scratch = ScratchDirectory()
        var seed = Seed(root).branch("kill")
        let delay = UInt32.random(in: 0...300_000, using: &seed)
        await #expect(processExitsWith: .signal(SIGKILL)) {
            [
                path = scratch.path as String, durability = durability as Durability,
                delay = delay as UInt32
            ] in
            let store = try ShardedStore(
                at: path + "/data", KillTests.options(durability, flush: 5), on: RocksEngine())
            var work = try AcknowledgedWork(on: store, ledger: path + "/ledger")
            // However busy the machine is, there is something to lose.
            while work.acknowledged <= 10 { try work.step() }
            let killer = try JoinedThread {
                usleep(delay)
                kill(getpid(), SIGKILL)
            }
            while true { try work.step() }
            killer.join()
        }
        let label: Comment = "\(durability.id), seed \(root)"
        let acknowledged = try AcknowledgedWork.acknowledged(in: scratch("ledger"))
        let store = try ShardedStore(
            at: scratch("data"), Self.options(durability, flush: 5), on: RocksEngine())
        defer { store.close() }
        let stored = try AcknowledgedWork.stored(in: store)
        #expect(acknowledged.count > 10, label)
        #expect(acknowledged.subtracting(stored) == [], label)
        #expect(Set(stored).count == stored.count, "nobody repeats anything here; \(label)")
    }

    /// What EMQX promises with an acknowledgement: nothing. The buffers are not flushed before the kill.
    ///
    /// Checklist 25. Fails if an answer waits for the commit, or if something is flushed that should wait.
    @Test func whatWasAcknowledgedOnEnqueueMayBeLost() async throws {
        let scratch = ScratchDirectory()
        let durability = EngineModel.emqx58Local.durability
        #expect(durability.id == "on_enqueue")
        await #expect(processExitsWith: .signal(SIGKILL)) { [path = scratch.path as String] in
            let store = try ShardedStore(
                at: path + "/data",
                KillTests.options(EngineModel.emqx58Local.durability, flush: 600_000),
                on: RocksEngine())
            var work = try AcknowledgedWork(on: store, ledger: path + "/ledger")
            for _ in 0..<50 { try work.step() }
            kill(getpid(), SIGKILL)
        }
        #expect(try AcknowledgedWork.acknowledged(in: scratch("ledger")).count == 200)
        let store = try ShardedStore(
            at: scratch("data"), Self.options(durability, flush: 5), on: RocksEngine())
        defer { store.close() }
        #expect(try AcknowledgedWork.stored(in: store) == [])
    }

    /// The same buffers, but nobody is told before they are flushed.
    @Test func onCommitNothingIsAcknowledgedBeforeTheFlush() async throws {
        let scratch = ScratchDirectory()
        await #expect(processExitsWith: .success) { [path = scratch.path as String] in
            let store = try ShardedStore(
                at: path + "/data",
                KillTests.options(
                    Durability(acknowledgement: .onCommit, sync: .none), flush: 600_000),
                on: RocksEngine())
            var work = try AcknowledgedWork(on: store, ledger: path + "/ledger")
            for _ in 0..<60 { try work.step() }
            #expect(work.acknowledged == 0)
            #expect(store.depth == 160, "the senders' windows are full")
            store.close()
            try work.step()
            #expect(work.acknowledged == 160)
        }
        #expect(try AcknowledgedWork.acknowledged(in: scratch("ledger")).count == 160)
    }
}
