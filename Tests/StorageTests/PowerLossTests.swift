import Foundation
import Measure
import Storage
import TestSupport
import Testing

/// A power loss takes back exactly what was not durable.
@Suite struct PowerLossTests {
    private func exists(_ path: String) -> Bool { FileManager.default.fileExists(atPath: path) }

    private func append(_ text: String, to file: inout AppendFile) throws {
        try Array(text.utf8).withUnsafeBytes { try file.append($0) }
    }

    /// Fails if the journal noted a sync that did not happen, or missed one that did.
    @Test func aWALTailWithoutSyncIsLostAndWithSyncKept() throws {
        let scratch = ScratchDirectory()
        do {
            let disk = try Disk(journal: scratch("journal"))
            let database = try Rocks.open(scratch("db"), on: RocksEngine(on: disk))
            for number in 0..<5 { try Rocks.put("synced\(number)", in: database, sync: true) }
            for number in 0..<5 { try Rocks.put("unsynced\(number)", in: database) }
            disk.cutPower()
        }
        let loss = try Disk.losePower(scratch("journal"))
        #expect(loss.filesCut == 1)
        #expect(loss.bytes > .zero)
        let database = try Rocks.open(scratch("db"), on: RocksEngine())
        #expect(try Rocks.keys(of: database) == (0..<5).map { "synced\($0)" })
        #expect(!exists(scratch("journal.kept")) && !exists(scratch("journal.synced")))
    }

    /// Without any sync, even the WAL's name may be gone; the database opens as it was made.
    @Test func aDatabaseThatNeverSyncedOpensEmpty() throws {
        let scratch = ScratchDirectory()
        do {
            let disk = try Disk(journal: scratch("journal"))
            let database = try Rocks.open(scratch("db"), on: RocksEngine(on: disk))
            try Rocks.put("a", in: database)
            disk.cutPower()
        }
        _ = try Disk.losePower(scratch("journal"))
        let database = try Rocks.open(scratch("db"), on: RocksEngine())
        #expect(try Rocks.keys(of: database).isEmpty)
    }

    /// What a flush wrote is synced, named and in the MANIFEST before RocksDB lets go of its WAL.
    @Test func aFlushedTableSurvives() throws {
        let scratch = ScratchDirectory()
        do {
            let disk = try Disk(journal: scratch("journal"))
            let engine = RocksEngine(on: disk)
            do {
                let database = try Rocks.open(scratch("db"), on: engine)
                for number in 0..<50 { try Rocks.put("k\(number)", in: database) }
            }
            // Opening recovers the WAL into a table.
            let database = try Rocks.open(scratch("db"), on: engine)
            #expect(disk.counts(of: .sst).creates == 1)
            try Rocks.put("later", in: database)
            disk.cutPower()
        }
        _ = try Disk.losePower(scratch("journal"))
        let database = try Rocks.open(scratch("db"), on: RocksEngine())
        #expect(try Rocks.keys(of: database).count == 50)
    }

    @Test func namesAreDurableOnlyWithTheirDirectory() throws {
        let scratch = ScratchDirectory()
        let folder = scratch("log")
        let disk = try Disk(journal: scratch("journal"))
        let engine = RocksEngine(on: disk)
        try engine.createDirectory(folder)
        do {
            var kept = try AppendFile(creating: folder + "/kept", on: engine)
            try append("old", to: &kept)
            try kept.sync()
            var other = try AppendFile(creating: folder + "/other", on: engine)
            try append("other", to: &other)
            try other.sync()
            try engine.syncDirectory(folder)
            try append(" tail", to: &kept)
            var new = try AppendFile(creating: folder + "/new", on: engine)
            try append("new", to: &new)
            // Its bytes are durable, its name is not.
            try new.sync()
        }
        try engine.rename(folder + "/new", to: folder + "/kept")
        try engine.remove(folder + "/other")
        #expect(try engine.names(in: folder) == ["kept"])
        disk.cutPower()
        let loss = try Disk.losePower(scratch("journal"))
        #expect(loss == Disk.Loss(filesCut: 1, bytes: Bytes(5), names: 3))
        #expect(try engine.names(in: folder) == ["kept", "other"])
        #expect(try engine.contents(of: folder + "/kept") == Array("old".utf8))
        #expect(try engine.contents(of: folder + "/other") == Array("other".utf8))
    }

    @Test func aSyncedDirectoryKeepsItsRenames() throws {
        let scratch = ScratchDirectory()
        let folder = scratch("log")
        let disk = try Disk(journal: scratch("journal"))
        let engine = RocksEngine(on: disk)
        try engine.createDirectory(folder)
        for name in ["a", "b"] {
            var file = try AppendFile(creating: folder + "/" + name, on: engine)
            try append(name, to: &file)
            try file.sync()
        }
        try engine.rename(folder + "/b", to: folder + "/a")
        try engine.syncDirectory(folder)
        #expect(!exists(scratch("journal.kept/1")), "what was replaced is let go")
        disk.cutPower()
        #expect(try Disk.losePower(scratch("journal")).names == 0)
        #expect(try engine.names(in: folder) == ["a"])
        #expect(try engine.contents(of: folder + "/a") == Array("b".utf8))
    }

    /// The journal outlives its process, and a second process may go on with it.
    @Test func theParentTakesBackWhatAKilledProcessHadNotSynced() async throws {
        let scratch = ScratchDirectory()
        let path = scratch.path
        await #expect(processExitsWith: .signal(SIGKILL)) { [path = path as String] in
            let disk = try Disk(journal: path + "/journal")
            let database = try Rocks.open(path + "/db", on: RocksEngine(on: disk))
            try Rocks.put("a", in: database, sync: true)
            try Rocks.put("b", in: database)
            kill(getpid(), SIGKILL)
        }
        do {
            // After the kill alone nothing is lost.
            let disk = try Disk(journal: scratch("journal"))
            let database = try Rocks.open(scratch("db"), on: RocksEngine(on: disk))
            #expect(try Rocks.keys(of: database) == ["a", "b"])
            try Rocks.put("c", in: database, sync: true)
            try Rocks.put("d", in: database)
            disk.cutPower()
        }
        _ = try Disk.losePower(scratch("journal"))
        let database = try Rocks.open(scratch("db"), on: RocksEngine())
        // Recovery wrote "b" into a table, and synced it.
        #expect(try Rocks.keys(of: database) == ["a", "b", "c"])
    }

    /// A process that is killed while it notes something had not done it yet.
    @Test func aTornJournalIsReadUpToItsLastWholeRecord() throws {
        let scratch = ScratchDirectory()
        do {
            let disk = try Disk(journal: scratch("journal"))
            let database = try Rocks.open(scratch("db"), on: RocksEngine(on: disk))
            try Rocks.put("a", in: database, sync: true)
            disk.cutPower()
        }
        let journal = URL(fileURLWithPath: scratch("journal"))
        try (Data(contentsOf: journal) + Data([2, 0, 0, 0, 9])).write(to: journal)
        _ = try Disk.losePower(scratch("journal"))
        let database = try Rocks.open(scratch("db"), on: RocksEngine())
        #expect(try Rocks.keys(of: database) == ["a"])
    }

    @Test func whatIsNoJournalIsRefused() throws {
        let scratch = ScratchDirectory()
        try Data(repeating: 0xFF, count: 100).write(to: URL(fileURLWithPath: scratch("text")))
        let opening = #expect(throws: RocksError.self) { _ = try Disk(journal: scratch("text")) }
        let losing = #expect(throws: RocksError.self) { _ = try Disk.losePower(scratch("text")) }
        for error in [opening, losing] {
            #expect(error?.description.contains("text") == true)
            #expect(error?.description.contains("is not a power-loss journal") == true)
        }
        #expect(try Data(contentsOf: URL(fileURLWithPath: scratch("text"))).count == 100)
    }
}
