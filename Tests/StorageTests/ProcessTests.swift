import Foundation
import MQTT
import Storage
import TestSupport
import Testing

/// What all databases of a process share, and what the process may not have: each test in a process of its
/// own, because RocksDB's Env is one for the whole process.
@Suite struct ProcessTests {
    /// The pools do not grow with the shards: EMQX 5.8 flushes all of them with one thread (reference 2.4).
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
