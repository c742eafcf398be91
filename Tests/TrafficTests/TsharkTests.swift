import Foundation
import MQTT
import Testing
import Traffic

/// Captures that Wireshark's tools made, counted by tshark too.
@Suite(.enabled(if: Tool.areThere, "tshark, tcpdump, editcap and mergecap are not installed"))
struct TsharkTests {
    /// Two clients with all that a session has, some readings longer than a segment.
    private static let frames: [TestFrame] = {
        var frames: [TestFrame] = []
        for (number, version) in [ProtocolVersion.v3_1_1, .v5].enumerated() {
            var wire = Wire(clientPort: 50_000 + UInt16(number))
            wire.time += UInt64(number) * 300_000
            wire.connect(Connect(version: version, clientID: "s\(number)"))
            for size in 0..<60 {
                let payload = String(repeating: "v", count: size * size)
                let reading = Packet.reading("a/\(size % 7)", payload, qos: .atLeastOnce)
                let bytes = reading.bytes(version)
                for start in stride(from: 0, to: bytes.count, by: 1_400) {
                    wire.client(Array(bytes[start..<min(start + 1_400, bytes.count)]))
                }
                if let id = PacketID(7) {
                    wire.broker(.puback(Acknowledgement(packetID: id)), version: version)
                }
            }
            wire.client(.pingreq, .disconnect(Disconnect()), version: version)
            wire.broker(.pingresp)
            wire.finish()
            frames += wire.frames
        }
        return frames.sorted { $0.time < $1.time }
    }()

    private static func inspected(_ folder: String, _ names: String...) throws -> Inspection {
        try Inspection(captures: names.map { folder + "/" + $0 })
    }

    private static func packets(_ inspection: Inspection) -> [Int: Int] {
        PacketType.allCases.reduce(into: [:]) {
            let count = inspection.packets[$1.name] ?? 0
            if count > 0 { $0[Int($1.rawValue)] = count }
        }
    }

    /// - Parameter make: writes `made` into the folder, from `plain.pcap`.
    private static func compare(
        _ frames: [TestFrame] = frames, _ make: (String) throws -> Void
    ) throws -> Inspection {
        try withFolder(["plain.pcap": CaptureFile.pcap(frames)]) { folder in
            try make(folder)
            let inspection = try inspected(folder, "made")
            #expect(try packets(inspection) == Tool.packets(in: "made", of: folder))
            return inspection
        }
    }

    @Test(arguments: ["pcap", "nsecpcap", "pcapng", "modpcap"])
    func formatsOfEditcapGiveTheSamePackets(_ format: String) throws {
        let inspection = try Self.compare { folder in
            try Tool.editcap.run(["-F", format, "plain.pcap", "made"], in: folder)
        }
        #expect(inspection.packets["PUBLISH"] == 120)
        #expect(inspection.quality.verdict == .good)
    }

    @Test func filesOfMergecapGiveTheSamePackets() throws {
        let middle = Self.frames.count / 2
        let inspection = try Self.compare(Array(Self.frames[..<middle])) { folder in
            let rest = CaptureFile.pcapng(Array(Self.frames[middle...]), bigEndian: true)
            try Data(rest).write(to: URL(fileURLWithPath: folder + "/rest.pcapng"))
            // Appended, so that the file has two interfaces; times stay in order.
            try Tool.mergecap.run(["-a", "-w", "made", "plain.pcap", "rest.pcapng"], in: folder)
        }
        #expect(inspection.packets["PUBLISH"] == 120)
        #expect(inspection.quality.verdict == .good)
    }

    @Test func fileThatTcpdumpRewroteIsTheSame() throws {
        let inspection = try Self.compare { folder in
            try Tool.tcpdump.run(["-r", "plain.pcap", "-w", "made", "tcp"], in: folder)
        }
        #expect(inspection.packets["PUBLISH"] == 120)
    }

    /// tshark counts a packet where it begins, also where it was cut: so only the rest must agree.
    @Test func truncatedFramesLoseWhatIsCut() throws {
        try withFolder(["plain.pcap": CaptureFile.pcap(Self.frames)]) { folder in
            try Tool.editcap.run(["-s", "300", "plain.pcap", "made"], in: folder)
            let inspection = try Self.inspected(folder, "made")
            let cut = Self.frames.count { $0.bytes.count > 300 }
            #expect(inspection.quality.truncatedFrames == cut)
            let lost = Self.frames.reduce(0) { $0 + max(0, $1.bytes.count - 300) }
            #expect(inspection.quality.lostBytes == lost)
            #expect(inspection.packets["PUBACK"] == 120)
            // All that fit into 300 bytes with 54 of headers
            let whole = (0..<60).count { $0 * $0 + 2 + 5 + 2 <= 300 - 54 - 1 }
            #expect(try #require(inspection.packets["PUBLISH"]) >= 2 * (whole - 1))
            #expect(inspection.malformedPackets == 0)
        }
    }

    @Test func duplicatedFramesAreCountedOnce() throws {
        try withFolder(["plain.pcap": CaptureFile.pcap(Self.frames)]) { folder in
            try Tool.mergecap.run(["-w", "made", "plain.pcap", "plain.pcap"], in: folder)
            let inspection = try Self.inspected(folder, "made")
            #expect(
                try Self.packets(inspection) == Tool.packets(in: "plain.pcap", of: folder))
            #expect(inspection.quality.duplicateFrames == Self.frames.count)
        }
    }

    /// The clock of the other host is half a millisecond late, its names for the link are others.
    @Test func shiftedSecondSightIsCountedOnce() throws {
        var seen = Self.frames
        for index in seen.indices { seen[index].bytes[3] = 0x55 }
        let files = ["plain.pcap": CaptureFile.pcap(Self.frames), "seen": CaptureFile.pcap(seen)]
        try withFolder(files) { folder in
            try Tool.editcap.run(["-t", "0.0005", "seen", "late.pcapng"], in: folder)
            let inspection = try Self.inspected(folder, "plain.pcap", "late.pcapng")
            #expect(
                try Self.packets(inspection) == Tool.packets(in: "plain.pcap", of: folder))
            #expect(inspection.quality.twiceCapturedSegments == Self.frames.count)
        }
    }

    @Test func reorderedFramesAreTheSamePackets() throws {
        var frames = Self.frames
        for start in stride(from: 12, to: frames.count - 4, by: 9) {
            frames[start..<start + 4].reverse()
        }
        let inspection = try Self.compare(frames) { folder in
            try Tool.editcap.run(["-F", "pcapng", "plain.pcap", "made"], in: folder)
        }
        #expect(inspection.packets["PUBLISH"] == 120)
        #expect(inspection.quality.outOfOrderSegments > 0)
        #expect(inspection.quality.verdict == .good)
    }

    /// Parts of one recording, as `tcpdump -G` and `editcap -c` write them.
    @Test func splitRecordingIsOne() throws {
        try withFolder(["plain.pcap": CaptureFile.pcap(Self.frames)]) { folder in
            try FileManager.default.createDirectory(
                atPath: folder + "/parts", withIntermediateDirectories: false)
            try Tool.editcap.run(["-c", "37", "plain.pcap", "parts/part.pcapng"], in: folder)
            let inspection = try Self.inspected(folder, "parts")
            #expect(inspection.captures.count == (Self.frames.count + 36) / 37)
            #expect(
                try Self.packets(inspection) == Tool.packets(in: "plain.pcap", of: folder))
            #expect(inspection.quality.verdict == .good)
        }
    }

    /// Every link that tshark reads as it is written gives it the same packets.
    @Test(arguments: TestLink.allCases.filter { ![.vxlanOfLinux, .erspan1].contains($0) })
    func linksAreReadAlike(_ link: TestLink) throws {
        var wire = Wire(link: link)
        wire.connect()
        wire.client(.reading(), .reading(qos: .atLeastOnce))
        wire.finish()
        try withFolder(["made": CaptureFile.pcap(wire.frames, link: link.number)]) { folder in
            let inspection = try Self.inspected(folder, "made")
            #expect(try Self.packets(inspection) == Tool.packets(in: "made", of: folder))
        }
    }
}
