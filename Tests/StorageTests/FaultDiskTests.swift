import Foundation
import Glibc
import Knobs
import MQTT
import Measure
import Storage
import TestSupport
import Testing

/// A disk that takes no more, and takes more again. Each in a process of its own: RocksDB's Env and what a
/// process may write are one for all of it, and Debian's RocksDB has its assertions on.
@Suite struct FaultDiskTests {
    /// What is on the disk, what was accepted, and what was reported must add up.
    private struct Account {
        let store: ShardedStore
        var submitted = 0

        init(_ store: ShardedStore) { self.store = store }

        mutating func submit(_ count: Int, bytes: Int = 1_000) {
            for _ in 0..<count {
                var payload = Array("c:\(submitted):".utf8)
                // Not compressible: a flush has to need the room that its memtable took.
                var seed = Seed(UInt64(submitted))
                while payload.count < bytes { payload.append(UInt8(truncatingIfNeeded: seed.next())) }
                store.submit(Message(client: "c", topic: "t", payload: payload))
                submitted += 1
            }
        }

        func waitUntilSettled() throws {
            try wait("every message to be stored or counted lost") { store.depth == 0 }
        }

        var lost: Int { store.failure?.lost ?? 0 }

        /// Everything that was committed is there, once and in order; everything else was reported. Of the
        /// batch that met the full disk nobody knows: it was reported lost and may have been kept.
        func check() throws {
            #expect(store.committed + lost == submitted)
            let rows = try store.rows(matching: "#")
            #expect(rows.count >= store.committed)
            let most = store.committed + Int(FaultDiskTests.batch)
            #expect(rows.count <= most, "\(rows.count) rows, \(store.committed) committed")
            let numbers = rows.compactMap { row in
                Int(
                    String(
                        decoding: row.payload.dropFirst(2).prefix { $0 != UInt8(ascii: ":") },
                        as: UTF8.self))
            }
            #expect(numbers.count == rows.count)
            #expect(zip(numbers, numbers.dropFirst()).allSatisfy { $0 < $1 })
        }
    }

    /// The log has room of its own beyond a memtable, so a flush meets the full disk; RocksDB then looks for
    /// room by itself every five seconds. Fails if nothing is written again.
    @Test(.enabled(if: getuid() == 0, "only root may mount a disk that can be filled"))
    func afterADiskThatIsFullForAFlushWritingGoesOn() async {
        await #expect(processExitsWith: .success) {
            try FaultDiskTests.fillAndFree(after: 1_000)
        }
    }

    /// Fails if a log that refused a write is appended to again: the process would end, or no write would
    /// ever succeed.
    @Test(.enabled(if: getuid() == 0, "only root may mount a disk that can be filled"))
    func afterADiskThatIsFullForTheLogWritingGoesOn() async {
        await #expect(processExitsWith: .success) {
            try FaultDiskTests.fillAndFree(after: 0, refusing: ".log")
        }
    }

    private static func fillAndFree(after first: Int, refusing file: String? = nil) throws {
        let scratch = ScratchDirectory()
        guard let disk = SmallDisk(scratch("disk"), megabytes: 24) else { return }
        let store = try ShardedStore(
            at: scratch("disk/store"),
            .test(["local_write_buffer.max_items": batch], miniature: 64), on: RocksEngine())
        var account = Account(store)
        account.submit(first)
        try account.waitUntilSettled()
        #expect(account.lost == 0)
        SmallDisk.fill(scratch("disk/filler"))
        while account.lost == 0, account.submitted < 20_000 {
            account.submit(100)
            try account.waitUntilSettled()
        }
        let failure = try #require(store.failure)
        #expect(failure.lost > 0 && failure.error.isNoSpace, "\(failure)")
        #expect("\(failure)".contains("\(failure.lost) accepted messages were lost"))
        if let file { #expect("\(failure)".contains(file), "\(failure)") }

        unlink(scratch("disk/filler"))
        let before = store.committed
        try wait("writing to go on") {
            account.submit(1)
            try account.waitUntilSettled()
            return store.committed > before
        }
        let lost = account.lost
        account.submit(2_000)
        try account.waitUntilSettled()
        #expect(account.lost == lost)
        try account.check()
        store.close()
        withExtendedLifetime(disk) {}
    }

    private static let batch: Int64 = 10
}
