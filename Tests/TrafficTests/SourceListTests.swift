import Foundation
import MQTT
import Testing
import Traffic

/// Several files that belong together.
struct SourceListTests {
    private static let wire = {
        var wire = Wire()
        wire.connect()
        for number in 0..<300 {
            wire.client(.reading("site/\(number % 3)/temp", "\(number)"))
        }
        wire.finish()
        return wire
    }()

    private static func part(_ range: Range<Int>) -> [UInt8] {
        CaptureFile.pcap(Array(wire.frames[range]))
    }

    @Test func capturesAreReadInTheOrderOfTheirTimes() throws {
        let middle = Self.wire.frames.count / 2
        let files = [
            "a.pcap": CaptureFile.pcap(Array(Self.wire.frames[middle...])),
            "b.pcapng": CaptureFile.pcapng(Array(Self.wire.frames[..<middle])),
        ]
        try withFolder(files) { folder in
            let inspection = try Inspection(captures: [folder + "/a.pcap", folder + "/b.pcapng"])
            #expect(inspection.captures.map(\.format) == ["pcapng", "pcap"])
            #expect(inspection.packets["PUBLISH"] == 300)
            #expect(inspection.connections == 1)
            #expect(inspection.quality.verdict == .good)
            #expect(inspection.quality.outOfOrderSegments == 0)
        }
    }

    /// One file per interface or direction: only their frames together are a conversation.
    @Test func framesOfSeveralFilesAreMerged() throws {
        let frames = Self.wire.frames.enumerated()
        let files = (0..<3).reduce(into: [String: [UInt8]]()) { files, number in
            let mine = frames.filter { $0.offset % 3 == number }.map(\.element)
            files["\(number).pcap"] =
                number == 1 ? CaptureFile.zstd(CaptureFile.pcapng(mine)) : CaptureFile.pcap(mine)
        }
        try withFolder(files) { folder in
            let inspection = try Inspection(captures: [folder])
            #expect(inspection.captures.count == 3)
            #expect(inspection.packets["PUBLISH"] == 300)
            #expect(inspection.quality.outOfOrderSegments == 0)
            #expect(inspection.quality.verdict == .good)
        }
    }

    /// More files than are open at once, each beginning while the one before still runs.
    @Test func rotatedFilesThatOverlapCountEveryFrameOnce() throws {
        let frames = Self.wire.frames.count
        let files = stride(from: 0, to: frames, by: 10).reduce(into: [String: [UInt8]]()) {
            $0["trace.pcap\($1)"] = Self.part($1..<min(frames, $1 + 15))
        }
        #expect(files.count == 31)
        try withFolder(files) { folder in
            let inspection = try Inspection(captures: [folder])
            #expect(inspection.packets["PUBLISH"] == 300)
            #expect(inspection.quality.duplicateFrames == 30 * 5)
            #expect(inspection.quality.retransmittedSegments == 0)
            #expect(inspection.quality.verdict == .good)
            #expect(
                inspection.quality.reasons == [
                    "150 frames are in the captures twice and were read once"
                ])
        }
    }

    @Test func theSameFileTwiceIsReadOnce() throws {
        try withFolder(["a.pcap": Self.part(0..<Self.wire.frames.count)]) { folder in
            let inspection = try Inspection(captures: [folder + "/a.pcap", folder])
            #expect(inspection.packets["PUBLISH"] == 300)
            #expect(inspection.connections == 1)
            #expect(inspection.quality.duplicateFrames == Self.wire.frames.count)
        }
    }

    @Test func crowdOfCapturesIsSaid() throws {
        let files = (0..<20).reduce(into: [String: [UInt8]]()) { files, number in
            let mine = Self.wire.frames.enumerated().filter { $0.offset % 20 == number }
            files["\(number).pcap"] = CaptureFile.pcap(mine.map(\.element))
        }
        try withFolder(files) { folder in
            let inspection = try Inspection(captures: [folder])
            #expect(inspection.captures.count == 20)
            #expect(
                inspection.quality.reasons.contains {
                    $0.hasPrefix("more than 16 captures overlap in time")
                })
        }
    }

    @Test func whatIsNoCaptureInAFolderIsLeftOutAndSaid() throws {
        let files = [
            "day.pcap": Self.part(0..<Self.wire.frames.count), "notes.txt": Array("hello".utf8),
            "next.pcap": [], ".hidden": [1, 2, 3, 4], "old/yesterday.pcap": Self.part(0..<10),
        ]
        try withFolder(files) { folder in
            let inspection = try Inspection(captures: [folder])
            #expect(inspection.captures.map(\.path) == [folder + "/day.pcap"])
            #expect(inspection.packets["PUBLISH"] == 300)
            #expect(
                inspection.quality.reasons == [
                    "\(folder)/next.pcap is empty and was left out",
                    "\(folder)/notes.txt is no capture and was left out",
                    "\(folder)/old is a folder in a folder and was not entered",
                ])
            #expect(inspection.quality.verdict == .good)
        }
    }

    @Test func folderWithoutCapturesIsAnError() throws {
        try withFolder(["notes.txt": [1, 2, 3]]) { folder in
            do throws(CaptureError) {
                _ = try Inspection(captures: [folder])
                Issue.record("accepted")
            } catch {
                #expect("\(error)".contains("\(folder): no capture is in this folder"))
                #expect("\(error)".contains("notes.txt is no capture"))
            }
        }
    }

    /// A pipe can be read once, and gives its first bytes when it likes.
    @Test func namedPipeIsReadLikeAFile() throws {
        try withFolder([:]) { folder in
            let pipe = folder + "/pipe"
            #expect(mkfifo(pipe, 0o600) == 0)
            let bytes = CaptureFile.gzip(Self.part(0..<Self.wire.frames.count))
            let writer = Thread {
                guard let file = FileHandle(forWritingAtPath: pipe) else { return }
                for start in stride(from: 0, to: bytes.count, by: 3) {
                    file.write(Data(bytes[start..<min(start + 3, bytes.count)]))
                }
                try? file.close()
            }
            writer.start()
            let inspection = try Inspection(captures: [pipe])
            #expect(inspection.packets["PUBLISH"] == 300)
            #expect(inspection.captures.first?.bytes == bytes.count)
        }
    }

    /// Nothing tells whether a connection is in both, so they are not put together, in whatever order they are
    /// named; with a trace of the captures they can be.
    @Test func capturesAndTracesAreNotReadTogether() throws {
        try withFolder(["a.pcap": Self.part(0..<100)]) { folder in
            let (capture, trace) = (folder + "/a.pcap", folder + "/b.dstrace")
            try convert([capture], to: trace)
            for paths in [[capture, trace], [trace, capture], [folder]] {
                let error = #expect(throws: CaptureError.self) { try Inspection(captures: paths) }
                #expect(error == .mixedSources(capture: capture, events: trace))
                let text = try #require(error?.description)
                #expect(text.contains(capture) && text.contains(trace) && !text.contains("\n"))
                #expect(text.contains("dstune convert \(capture) --output"), "\(text)")
            }
        }
    }
}
