import MQTT
import Testing
import Traffic

/// One small conversation, in every container there is.
struct ContainerTests {
    private static let wire = {
        var wire = Wire()
        wire.connect()
        for number in 0..<300 {
            wire.client(.reading("site/\(number % 3)/temp", String(repeating: "x", count: number)))
        }
        wire.client(.disconnect(Disconnect()))
        wire.finish()
        return wire
    }()

    private static var plain: [UInt8] { CaptureFile.pcap(wire.frames) }

    struct Container: CustomTestStringConvertible {
        let testDescription: String
        let format: String
        let bytes: [UInt8]
        var compression = "none"
    }

    static var containers: [Container] {
        let half = plain.count / 2
        return [
            Container(testDescription: "pcap", format: "pcap", bytes: plain),
            Container(
                testDescription: "pcap, other byte order", format: "pcap",
                bytes: CaptureFile.pcap(wire.frames, bigEndian: true)),
            Container(
                testDescription: "pcap, ns", format: "pcap",
                bytes: CaptureFile.pcap(wire.frames, nanoseconds: true)),
            Container(
                testDescription: "pcap, ns, other byte order", format: "pcap",
                bytes: CaptureFile.pcap(wire.frames, bigEndian: true, nanoseconds: true)),
            Container(
                testDescription: "pcapng", format: "pcapng", bytes: CaptureFile.pcapng(wire.frames)),
            Container(
                testDescription: "pcapng, other byte order", format: "pcapng",
                bytes: CaptureFile.pcapng(wire.frames, bigEndian: true)),
            Container(
                testDescription: "gzip", format: "pcap", bytes: CaptureFile.gzip(plain),
                compression: "gzip"),
            Container(
                testDescription: "gzip, two members", format: "pcap",
                bytes: CaptureFile.gzip(Array(plain[..<half]))
                    + CaptureFile.gzip(Array(plain[half...])), compression: "gzip"),
            Container(
                testDescription: "gzip, padded", format: "pcap",
                bytes: CaptureFile.gzip(plain) + [0, 0, 0, 0], compression: "gzip"),
            Container(
                testDescription: "zstd", format: "pcap", bytes: CaptureFile.zstd(plain),
                compression: "zstd"),
            Container(
                testDescription: "zstd, two frames", format: "pcap",
                bytes: CaptureFile.zstd(Array(plain[..<half]))
                    + CaptureFile.zstd(Array(plain[half...])), compression: "zstd"),
            Container(
                testDescription: "pcapng, zstd", format: "pcapng",
                bytes: CaptureFile.zstd(CaptureFile.pcapng(wire.frames)),
                compression: "zstd"),
        ]
    }

    @Test(arguments: containers) func everyContainerGivesTheSamePackets(_ container: Container)
        throws
    {
        let inspection = try inspect(container.bytes)
        #expect(inspection.packets["PUBLISH"] == 300)
        #expect(inspection.packets["CONNECT"] == 1)
        #expect(inspection.packets["DISCONNECT"] == 1)
        #expect(inspection.publish.payloadBytes == 300 * 299 / 2)
        #expect(abs(inspection.spanSeconds - 0.306) < 1e-6)
        let capture = try #require(inspection.captures.first)
        #expect(capture.format == container.format)
        #expect(capture.compression == container.compression)
        #expect(capture.frames == Self.wire.frames.count)
        #expect(capture.bytes == container.bytes.count)
        #expect(capture.linkType == "ethernet")
        #expect(inspection.quality.verdict == .good)
    }

    /// Two interfaces with clocks of their own, a second section in the other byte order, and blocks that
    /// nobody knows: one connection runs through all of it.
    @Test func interfacesKeepTheirLinkAndTheirClock() throws {
        var wire = Wire()
        wire.connect()
        wire.client(.reading())
        wire.link = .raw
        wire.client(.reading())
        let frames = wire.frames
        var first = CaptureFile.Blocks()
        first.section()
        first.interface(options: first.resolution(9))
        // 2^-20 s, and 1,000 s late
        first.interface(link: 101, options: first.resolution(0x80 | 20))
        first.block(0xBAD, [1, 2, 3])
        for frame in frames.dropLast(2) { first.packet(frame.bytes, ticks: frame.time) }
        var second = CaptureFile.Blocks(bigEndian: true)
        second.section()
        second.interface(options: second.offset(1_000))
        second.interface(link: 101, options: second.resolution(0x80 | 10))
        second.block(5, [0, 0, 0, 0])
        second.packet(
            frames[frames.count - 2].bytes,
            ticks: frames[frames.count - 2].time / 1_000 - 1_000_000_000)
        second.packet(
            frames[frames.count - 1].bytes, interface: 1,
            ticks: (frames[0].time / 1_000_000_000 + 60) << 10)
        let inspection = try inspect(first.bytes + second.bytes)
        #expect(inspection.packets["PUBLISH"] == 2)
        #expect(inspection.captures.first?.linkType == "ethernet,raw")
        #expect(inspection.connections == 1)
        // The last frame lies on the full second, a minute after the second in which the first lies.
        #expect(abs(inspection.spanSeconds - 59.999) < 1e-6)
    }

    @Test func simplePacketsHaveNoTimeButCount() throws {
        var blocks = CaptureFile.Blocks()
        blocks.section()
        blocks.interface()
        for frame in Self.wire.frames { blocks.simplePacket(frame.bytes) }
        let inspection = try inspect(blocks.bytes)
        #expect(inspection.packets["PUBLISH"] == 300)
        #expect(inspection.spanSeconds == 0)
    }

    @Test func capturesAreReadInTheOrderOfTheirTimes() throws {
        let middle = Self.wire.frames.count / 2
        let (early, late) = (Array(Self.wire.frames[..<middle]), Array(Self.wire.frames[middle...]))
        try withFile(CaptureFile.pcap(late), named: "a.pcap") { late in
            try withFile(CaptureFile.pcapng(early), named: "b.pcapng") { early in
                let inspection = try Inspection(captures: [late, early])
                #expect(inspection.captures.map(\.format) == ["pcapng", "pcap"])
                #expect(inspection.packets["PUBLISH"] == 300)
                #expect(inspection.connections == 1)
                #expect(inspection.quality.verdict == .good)
            }
        }
    }
}
