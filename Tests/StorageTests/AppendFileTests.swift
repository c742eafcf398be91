import Measure
import Storage
import TestSupport
import Testing

/// Files of our own on the file system of an engine.
@Suite struct AppendFileTests {
    private func bytes(_ text: String) -> [UInt8] { Array(text.utf8) }

    @Test func whatIsAppendedIsRead() throws {
        let scratch = ScratchDirectory()
        let engine = RocksEngine()
        try engine.createDirectory(scratch("log"))
        let path = scratch("log/0001.wal")
        do {
            var file = try AppendFile(creating: path, on: engine)
            try bytes("one,").withUnsafeBytes { try file.append($0) }
            try bytes("two,").withUnsafeBytes { try file.append($0) }
            #expect(file.size == Bytes(8))
            try file.sync()
        }
        do {
            var file = try AppendFile(appendingTo: path, on: engine)
            #expect(file.size == Bytes(8))
            try bytes("three").withUnsafeBytes { try file.append($0) }
            #expect(file.size == Bytes(13))
        }
        #expect(try engine.contents(of: path) == bytes("one,two,three"))
        try engine.truncate(path, to: Bytes(4))
        try engine.rename(path, to: scratch("log/0002.wal"))
        try engine.syncDirectory(scratch("log"))
        #expect(try engine.names(in: scratch("log")) == ["0002.wal"])
        #expect(try engine.contents(of: scratch("log/0002.wal")) == bytes("one,"))
        try engine.remove(scratch("log/0002.wal"))
        #expect(try engine.names(in: scratch("log")).isEmpty)
    }

    @Test func aFileThatIsThereIsNotOverwritten() throws {
        let scratch = ScratchDirectory()
        let engine = RocksEngine()
        do { _ = try AppendFile(creating: scratch("a"), on: engine) }
        let error = #expect(throws: RocksError.self) {
            _ = try AppendFile(creating: scratch("a"), on: engine)
        }
        #expect(error?.description.contains(scratch("a")) == true)
    }

    @Test func whatIsMissingIsNamed() throws {
        let scratch = ScratchDirectory()
        let error = #expect(throws: RocksError.self) {
            _ = try RocksEngine().contents(of: scratch("nothing"))
        }
        #expect(error?.description.contains("nothing") == true)
    }
}
