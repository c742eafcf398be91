import Foundation
import Knobs
import MQTT
import Storage
import TestSupport
import Testing

/// What all databases of a process share, and what the process may not have: each test in a process of its
/// own, because RocksDB's Env is one for the whole process.
@Suite struct ProcessTests {
    /// The pools do not grow with the shards: EMQX 5.8 flushes all of them with one thread (reference 2.4).
    ///
    /// Checklist 3. Fails if every database gets threads of its own, or if an Env other than the default is used.
    @Test func sixteenShardsShareOneFlushAndOneCompactionThread() async {
        await #expect(processExitsWith: .success) {
            let scratch = ScratchDirectory()
            let engine = RocksEngine()
            let store = try ShardedStore(at: scratch.path, .test(["n_shards": 16]), on: engine)
            #expect(store.shards == 16)
            #expect(engine.threads.high == 1)
            #expect(engine.threads.low == 1)
        }
    }

    @Test func eightJobsAreTwoFlushesAndSixCompactions() async {
        await #expect(processExitsWith: .success) {
            let scratch = ScratchDirectory()
            let engine = RocksEngine()
            let small = try ShardedStore(at: scratch("a"), .test(), on: engine)
            let large = try ShardedStore(
                at: scratch("b"), .test(["max_background_jobs": 8]), on: engine)
            #expect(engine.threads.high == 2)
            #expect(engine.threads.low == 6)
            withExtendedLifetime((small, large)) {}
        }
    }

    /// A pool is what was asked for, also if it is less than what a database asks for; without a word it is
    /// the largest request of a database (reference 2.4).
    /// Checklist 3. Fails if pools are set before the shards are open, or not at all.
    @Test func poolsOfTheProcessAreSetOverWhatShardsAskFor() async {
        await #expect(processExitsWith: .success) {
            let scratch = ScratchDirectory()
            let engine = RocksEngine()
            for (name, high, low) in [("a", 4, 8), ("b", 1, 2), ("c", 0, 0)] {
                let store = try ShardedStore(
                    at: scratch(name),
                    .test([
                        "max_background_jobs": 8, "background_threads_high": Int64(high),
                        "background_threads_low": Int64(low),
                    ]), on: engine)
                defer { store.close() }
                #expect(engine.threads.high == (high == 0 ? 2 : high))
                #expect(engine.threads.low == (low == 0 ? 6 : low))
                #expect(try store.notHonoured() == [])
                #expect(
                    try store.effectiveOptions()["background_threads_high"]
                        == "\(high == 0 ? 2 : high)")
            }
        }
    }

    /// Why the catalogue calls recycled WAL files fatal. When this fails, the linked library has learned it, and
    /// the constraint may go.
    @Test func recyclingTheWALStillEndsTheProcess() async {
        #expect(Constraint.find("recycle_log_file_num/crash")?.kind == .fatal)
        await #expect(processExitsWith: .exitCode(77)) {
            // Without a core file or a long backtrace: it is expected.
            signal(SIGSEGV) { _ in _exit(77) }
            let scratch = ScratchDirectory()
            let store = try ShardedStore(
                at: scratch.path,
                .test(["recycle_log_file_num": 4, "wal_recovery_mode": 3], miniature: 1_024),
                on: RocksEngine())
            for _ in 0..<4_000 {
                store.submit(
                    Message(client: "c", topic: "t", payload: [UInt8](repeating: 1, count: 500)))
            }
            store.close()
            _exit(0)
        }
    }

    /// A disk that takes no more: what was accepted and could not be written is counted, and closing ends.
    @Test func aDiskThatRefusesIsReportedAndDoesNotHang() async {
        await #expect(processExitsWith: .success) {
            signal(SIGXFSZ, SIG_IGN)
            let scratch = ScratchDirectory()
            let store = try ShardedStore(
                at: scratch.path, .test(["local_write_buffer.max_items": 10]), on: RocksEngine())
            var limit = rlimit(rlim_cur: 256 << 10, rlim_max: 256 << 10)
            #expect(setrlimit(__rlimit_resource_t(RLIMIT_FSIZE.rawValue), &limit) == 0)
            let submitted = 2_000
            for _ in 0..<submitted {
                store.submit(
                    Message(
                        client: "c", topic: "t", payload: [UInt8](repeating: 1, count: 1_000)))
            }
            store.close()
            let failure = try #require(store.failure)
            #expect(failure.error.code == 5, "an I/O error")
            #expect(failure.lost > 0)
            #expect(store.committed > 0)
            #expect(failure.lost + store.committed == submitted)
            #expect(store.depth == 0)
            #expect("\(failure)".contains("\(failure.lost)"))
        }
    }
}
