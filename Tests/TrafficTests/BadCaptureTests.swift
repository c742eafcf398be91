import Testing
import Traffic

/// What people hand in that is no capture, or was one.
struct BadCaptureTests {
    private static let frames = {
        var wire = Wire()
        wire.connect()
        for _ in 0..<50 { wire.client(.reading()) }
        return wire.frames
    }()

    @Test func emptyFileIsSaidToBeEmpty() throws {
        guard case .empty = try failure([]) else {
            Issue.record("not refused as empty")
            return
        }
    }

    @Test func missingFileIsNamed() throws {
        do throws(CaptureError) {
            _ = try Inspection(captures: ["/nowhere/fleet.pcap"])
            Issue.record("a file that is not there was read")
        } catch {
            #expect(
                "\(error)".contains(
                    "/nowhere/fleet.pcap: cannot be read (No such file or directory)"))
        }
    }

    @Test(arguments: [
        (Array("XCP\0".utf8) + [0x30, 0x30, 0x32], "NetXRay", "editcap -F pcap"),
        (Array("snoop\0\0\0".utf8), "snoop", "editcap -F pcap"),
        ([0xFD, 0x37, 0x7A, 0x58, 0x5A, 0x00], "xz", "xz -d"),
        (Array("hello, world".utf8), "68656c6c", "editcap -F pcap"),
        ([0xA1], "a1", "editcap"),
    ]) func whatIsNoCaptureIsRefusedWithAdvice(_ head: [UInt8], _ what: String, _ advice: String)
        throws
    {
        let error = try #require(try failure(head))
        guard case .notACapture = error else {
            Issue.record("\(error)")
            return
        }
        #expect("\(error)".contains(what))
        #expect("\(error)".contains(advice))
    }

    @Test(arguments: [1, 10, 100, 1_000]) func truncatedCompressionIsAnError(_ missing: Int) throws
    {
        for (method, file) in [
            ("gzip", CaptureFile.gzip(CaptureFile.pcap(Self.frames))),
            ("zstd", CaptureFile.zstd(CaptureFile.pcap(Self.frames))),
        ] where missing < file.count - 4 {
            let error = try #require(try failure(Array(file.dropLast(missing))))
            guard case .cutCompression(_, method, file.count - missing) = error else {
                Issue.record("\(method): \(error)")
                continue
            }
        }
    }

    @Test func damagedCompressionIsAnError() throws {
        for var file in [
            CaptureFile.gzip(CaptureFile.pcap(Self.frames)),
            CaptureFile.zstd(CaptureFile.pcap(Self.frames)),
        ] {
            for index in file.count / 2..<file.count { file[index] ^= 0x5A }
            let error = try #require(try failure(file))
            guard case .damagedCompression = error else {
                Issue.record("\(error)")
                continue
            }
        }
    }

    /// Whoever stops tcpdump hard gets half a frame at the end: all others count.
    @Test(arguments: [1, 20, 40]) func captureCutInTheLastFrameIsUsable(_ missing: Int) throws {
        for file in [CaptureFile.pcap(Self.frames), CaptureFile.pcapng(Self.frames)] {
            let inspection = try inspect(Array(file.dropLast(missing)))
            #expect(inspection.packets["PUBLISH"] == 49)
            #expect(inspection.captures.first?.isCutOff == true)
            #expect(inspection.quality.verdict == .usable)
            #expect(inspection.quality.reasons.contains { $0.contains("ends inside a frame") })
        }
    }

    @Test func frameLongerThanAnyNetworkAllowsIsAnError() throws {
        var file = CaptureFile.pcap(Self.frames)
        file.replaceSubrange(24 + 8..<24 + 12, with: [0xFF, 0xFF, 0xFF, 0xFF])
        guard case .damagedFrame(_, 1, 24, _) = try failure(file) else {
            Issue.record("\(String(describing: try failure(file)))")
            return
        }
    }

    @Test(arguments: [0, 8, 13, 0x0FFF_FFFC] as [UInt32]) func blockLengthThatCannotBeIsAnError(
        _ length: UInt32
    ) throws {
        var file = CaptureFile.pcapng(Self.frames)
        file.replaceSubrange(28 + 4..<28 + 8, with: length.little)
        let error = try #require(try failure(file))
        guard case .damagedBlock(_, 28, _) = error else {
            Issue.record("\(error)")
            return
        }
    }

    @Test func frameThatClaimsMoreThanItsBlockIsAnError() throws {
        var blocks = CaptureFile.Blocks()
        blocks.section()
        blocks.interface()
        let start = blocks.bytes.count
        blocks.packet([1, 2, 3, 4], ticks: 0)
        blocks.bytes.replaceSubrange(start + 20..<start + 24, with: UInt32(5).little)
        guard case .damagedFrame(_, 1, start, _) = try failure(blocks.bytes) else {
            Issue.record("\(String(describing: try failure(blocks.bytes)))")
            return
        }
    }

    @Test func frameOfAnInterfaceThatIsNotThereIsAnError() throws {
        var blocks = CaptureFile.Blocks()
        blocks.section()
        blocks.packet([1, 2, 3, 4], ticks: 0)
        guard case .damagedFrame(_, 1, _, _) = try failure(blocks.bytes) else {
            Issue.record("accepted")
            return
        }
    }

    @Test func captureWithoutMQTTSaysSoAndWhy() throws {
        var wire = Wire(brokerPort: 443)
        wire.handshake()
        wire.client([0x16, 0x03, 0x01, 0x00, 0x05, 0x01, 0, 0, 1, 0])
        let error = try #require(try failure(CaptureFile.pcap(wire.frames)))
        guard case .noMQTT(_, 3, _) = error else {
            Issue.record("\(error)")
            return
        }
        #expect("\(error)".contains("hold no MQTT; was it taken on the broker's port?"))
        #expect("\(error)".contains("1 connections are encrypted"))
        let wifi = try #require(try failure(CaptureFile.pcap(Self.frames, link: 105)))
        #expect("\(wifi)".contains("unsupported link type: link type 105"))
        guard case .noMQTT(_, 0, _) = try failure(CaptureFile.pcap([])) else {
            Issue.record("a capture without frames was accepted")
            return
        }
    }
}
