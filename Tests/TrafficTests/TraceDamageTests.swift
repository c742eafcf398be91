import Foundation
import MQTT
import Measure
import TestSupport
import Testing
import Traffic

/// Trace files that are not whole.
@Suite struct TraceDamageTests {
    /// A trace of a few blocks, each with some connections.
    static func make(_ path: String, blocks: Int = 4) throws {
        var maker = try EventMaker(path)
        for block in 0..<blocks {
            for client in 0..<3 {
                let number = 3 * block + client
                maker.open(number, port: UInt16(50_000 + number))
                try maker.send(
                    .connect(Connect(version: .v5, clientID: "client-\(number)")), on: number)
                for reading in 0..<5 { try maker.send(.reading("site/\(reading)"), on: number) }
            }
            maker.writer.flush()
        }
        try maker.writer.finish()
    }

    /// Fails if a file that was cut anywhere ends the program, hides that it was cut, or tells what is
    /// not in it.
    @Test func aCutFileIsReadUpToItsLastWholeBlock() throws {
        let scratch = ScratchDirectory()
        try Self.make(scratch("a.dstrace"))
        let whole = try bytes(scratch("a.dstrace"))
        var counts: Set<Int> = []
        for length in stride(from: 0, to: whole.count, by: 13) {
            try Data(whole[..<length]).write(to: URL(fileURLWithPath: scratch("cut.dstrace")))
            if let failure = try inspectionFailure(scratch("cut.dstrace")) {
                #expect(failure.contains("cut.dstrace"), "\(length)")
            } else {
                let inspection = try Inspection(captures: [scratch("cut.dstrace")])
                #expect(inspection.quality.reasons.contains { $0.contains("cut off") }, "\(length)")
                #expect(inspection.quality.verdict == .usable)
                counts.insert(inspection.publish.qos0)
            }
        }
        #expect(counts == [15, 30, 45, 60])
    }

    /// Fails if a changed byte goes unnoticed.
    @Test func noChangedByteGoesUnnoticed() throws {
        let scratch = ScratchDirectory()
        try Self.make(scratch("a.dstrace"), blocks: 2)
        let whole = try bytes(scratch("a.dstrace"))
        let original = try content(Inspection(captures: [scratch("a.dstrace")]))
        var seed = Seed(20_251_125)
        for place in stride(from: 0, to: whole.count, by: 3) {
            var damaged = whole
            damaged[place] ^= UInt8.random(in: 1...255, using: &seed)
            try Data(damaged).write(to: URL(fileURLWithPath: scratch("bad.dstrace")))
            // The index is passed over by who reads everything.
            if let failure = try inspectionFailure(scratch("bad.dstrace")) {
                #expect(failure.contains("bad.dstrace"), "byte \(place)")
            } else {
                let inspection = try Inspection(captures: [scratch("bad.dstrace")])
                #expect(try content(inspection) == original, "byte \(place)")
            }
        }
    }

    /// Fails if lies behind sound checksums end the program: lengths, numbers and packets of blocks that
    /// were made by somebody else.
    @Test func liesBehindSoundChecksumsAreRefused() throws {
        let scratch = ScratchDirectory()
        try Self.make(scratch("a.dstrace"), blocks: 1)
        try convert([scratch("a.dstrace")], to: scratch("a.jsonl"))
        // A connection that was not opened, one that is opened twice, one that ends twice.
        let text = try lines(scratch("a.jsonl"))
        for broken in [Array(text.dropFirst()), [text[0]] + text] {
            try write(broken.joined(separator: "\n"), to: scratch("bad.jsonl"))
            _ = try conversionFailure(scratch("bad.jsonl"))
        }
        #expect(try conversionFailure(scratch("bad.jsonl"))?.contains("line 2") == true)
    }

    @Test func aLaterVersionIsRefusedByName() throws {
        let scratch = ScratchDirectory()
        try Self.make(scratch("a.dstrace"), blocks: 1)
        var whole = try bytes(scratch("a.dstrace"))
        whole[8] = 9
        let sum = CaptureFile.crc32(Array(whole[..<12]))
        whole.replaceSubrange(12..<16, with: sum.little)
        try Data(whole).write(to: URL(fileURLWithPath: scratch("new.dstrace")))
        let failure = try #require(try conversionFailure(scratch("new.dstrace")))
        #expect(failure.contains("version 9") && failure.contains("new.dstrace"))
    }

    /// Fails if the bytes on disk differ from what the catalogue page TraceFile says of them.
    @Test func theFileIsAsItIsDocumented() throws {
        let scratch = ScratchDirectory()
        try Self.make(scratch("a.dstrace"), blocks: 2)
        let file = try bytes(scratch("a.dstrace"))
        func number(_ at: Int, _ count: Int) -> Int {
            file[at..<at + count].reversed().reduce(0) { $0 << 8 | Int($1) }
        }
        #expect(Array(file[..<8]) == [0x89, 0x44, 0x53, 0x54, 0x0D, 0x0A, 0x1A, 0x0A])
        #expect(number(8, 2) == 1 && number(10, 2) == 0)
        #expect(number(12, 4) == Int(CaptureFile.crc32(Array(file[..<12]))))
        var (offset, kinds, places): (Int, [String], [Int]) = (16, [], [])
        while offset < file.count {
            let head = Array(file[offset..<offset + 40])
            kinds.append(String(decoding: head[..<4], as: UTF8.self))
            places.append(offset)
            #expect(number(offset + 36, 4) == Int(CaptureFile.crc32(Array(head[..<36]))))
            let stored = number(offset + 4, 4)
            let contents = Array(file[offset + 40..<offset + 40 + stored])
            #expect(number(offset + 32, 4) == Int(CaptureFile.crc32(contents)))
            if stored > 0 {
                let plain = CaptureFile.unzstd(contents, number(offset + 8, 4))
                #expect(plain.count == number(offset + 8, 4))
            }
            offset += 40 + stored
        }
        #expect(kinds == ["EVNT", "EVNT", "FACT", "INDX", "TAIL"])
        #expect(number(places[4] + 12, 4) == 2)
        #expect(number(places[4] + 16, 8) == places[3])
    }
}
