import Foundation
import Measure
import Storage
import TestSupport
import Testing

/// Every fault is an error where it strikes, and is over when it is cleared.
@Suite struct DiskFaultTests {
    private func append(_ count: Int, to file: inout AppendFile) throws {
        try [UInt8](repeating: 1, count: count).withUnsafeBytes { try file.append($0) }
    }

    @Test func aFullDiskTakesWhatFitsAndTakesMoreAgainLater() throws {
        let scratch = ScratchDirectory()
        let disk = try Disk()
        let engine = RocksEngine(on: disk)
        var file = try AppendFile(creating: scratch("a"), on: engine)
        let full = disk.inject(.full(after: Bytes(250)))
        try append(100, to: &file)
        try append(100, to: &file)
        for _ in 0..<2 {
            let error = #expect(throws: RocksError.self) { try append(100, to: &file) }
            #expect(error?.isNoSpace == true)
        }
        #expect(disk.hits(of: full) == 2)
        #expect(try engine.contents(of: scratch("a")).count == 250, "as write(2) leaves it")
        disk.clear(full)
        try append(100, to: &file)
        #expect(try engine.contents(of: scratch("a")).count == 350)
    }

    @Test func aShortWriteLeavesHalf() throws {
        let scratch = ScratchDirectory()
        let disk = try Disk()
        let engine = RocksEngine(on: disk)
        var file = try AppendFile(creating: scratch("a"), on: engine)
        _ = disk.inject(DiskFault(.shortWrite, on: .append, of: [.sharedLog], times: 1))
        let error = #expect(throws: RocksError.self) { try append(100, to: &file) }
        #expect(error?.code == 5 && error?.isNoSpace == false)
        #expect(try engine.contents(of: scratch("a")).count == 50)
        try append(100, to: &file)
    }

    @Test func anErrorStrikesTheOperationItIsFor() throws {
        let scratch = ScratchDirectory()
        let disk = try Disk()
        let engine = RocksEngine(on: disk)
        var file = try AppendFile(creating: scratch("a"), on: engine)
        for (operations, kinds) in [
            (DiskFault.Operations.sync, Set([Disk.FileKind.sharedLog])), (.sync, [.directory]),
            (.read, [.sharedLog]), (.name, [.other]),
        ] {
            let fault = disk.inject(DiskFault(.ioError, on: operations, of: kinds))
            let works = [
                succeeds { () throws(RocksError) in try file.sync() },
                succeeds { () throws(RocksError) in try engine.syncDirectory(scratch.path) },
                succeeds { () throws(RocksError) in _ = try engine.contents(of: scratch("a")) },
                succeeds { () throws(RocksError) in
                    try engine.rename(scratch("a"), to: scratch("b"))
                    try engine.rename(scratch("b"), to: scratch("a"))
                },
            ]
            let expected = [
                !(operations == .sync && kinds == [.sharedLog]),
                !(operations == .sync && kinds == [.directory]),
                operations != .read, operations != .name,
            ]
            #expect(works == expected, "\(operations) \(kinds)")
            disk.clear(fault)
        }
    }

    private func succeeds(_ body: () throws(RocksError) -> Void) -> Bool {
        do {
            try body()
            return true
        } catch { return false }
    }

    @Test func aFaultCanWaitForItsTurn() throws {
        let scratch = ScratchDirectory()
        let disk = try Disk()
        var file = try AppendFile(creating: scratch("a"), on: RocksEngine(on: disk))
        _ = disk.inject(
            DiskFault(.ioError, on: .sync, of: [.sharedLog], afterOperations: 2, times: 1))
        let works = (0..<5).map { _ in succeeds { () throws(RocksError) in try file.sync() } }
        #expect(works == [true, true, false, true, true])
    }

    @Test func aSlowSyncIsSlowAndNoError() throws {
        let scratch = ScratchDirectory()
        let disk = try Disk()
        var file = try AppendFile(creating: scratch("a"), on: RocksEngine(on: disk))
        _ = disk.inject(DiskFault(.slow(.milliseconds(30)), on: .sync, of: [.sharedLog], times: 1))
        let began = MonotonicTime.now()
        try file.sync()
        #expect(MonotonicTime.now() - began >= .milliseconds(30))
        #expect(disk.counts(of: .sharedLog).added > .milliseconds(29))
    }

    /// What was acknowledged before a full disk is there, and writing goes on in the same process: RocksDB
    /// tries again by itself, once a second, because the error is marked as one that may pass.
    /// Fails if the injected error were not marked as the real one is.
    @Test(arguments: [Disk.FileKind.wal, .sst, .manifest])
    func afterAFullDiskRocksDBWritesOn(_ kind: Disk.FileKind) throws {
        let scratch = ScratchDirectory()
        let disk = try Disk()
        let engine = RocksEngine(on: disk)
        let database = try Rocks.open(
            scratch("db"), on: engine, family: "write_buffer_size=65536")
        try Rocks.put("before", in: database, sync: true)
        let full = disk.inject(DiskFault(.noSpace, on: .append, of: [kind]))
        // Enough for flushes, if the WAL takes it: RocksDB then stops all writes with the error.
        var refused: RocksError?
        for number in 0..<400 where refused == nil {
            do throws(RocksError) {
                try Rocks.put(
                    "during\(number)", [UInt8](repeating: 1, count: 1_000), in: database)
            } catch { refused = error }
        }
        #expect(refused?.isNoSpace == true)
        #expect(disk.hits(of: full) > 0)
        disk.clear(full)
        let deadline = MonotonicTime.now() + .seconds(30)
        while MonotonicTime.now() < deadline {
            do throws(RocksError) {
                try Rocks.put("later", in: database, sync: true)
                break
            } catch { usleep(50_000) }
        }
        #expect(try Set(Rocks.keys(of: database)).isSuperset(of: ["before", "later"]))
    }

    @Test func anErrorOfTheWALReachesTheWriter() throws {
        let scratch = ScratchDirectory()
        let disk = try Disk()
        let database = try Rocks.open(scratch("db"), on: RocksEngine(on: disk))
        _ = disk.inject(DiskFault(.ioError, on: .sync, of: [.wal], times: 1))
        let error = #expect(throws: RocksError.self) {
            try Rocks.put("a", in: database, sync: true)
        }
        #expect(error?.code == 5)
        #expect(error?.description.contains("injected") == true)
    }
}
