import Foundation
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

    private static var oldBlocks: [UInt8] {
        var blocks = CaptureFile.Blocks()
        blocks.section()
        blocks.interface()
        for frame in wire.frames { blocks.oldPacket(frame.bytes, ticks: frame.time / 1_000) }
        return blocks.bytes
    }

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
                testDescription: "pcap with long records", format: "pcap",
                bytes: CaptureFile.modifiedPcap(wire.frames)),
            Container(
                testDescription: "pcapng, obsolete blocks", format: "pcapng", bytes: oldBlocks),
            Container(
                testDescription: "zstd behind a skippable frame", format: "pcap",
                bytes: [0x50, 0x2A, 0x4D, 0x18, 4, 0, 0, 0, 1, 2, 3, 4] + CaptureFile.zstd(plain),
                compression: "zstd"),
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

    /// Simple packet blocks among others take the time of the frame before, not the year 1970.
    @Test func simplePacketsAmongOthersDoNotStretchTheSpan() throws {
        var blocks = CaptureFile.Blocks()
        blocks.section()
        blocks.interface()
        for (number, frame) in Self.wire.frames.enumerated() {
            if number % 2 == 0 {
                blocks.packet(frame.bytes, ticks: frame.time / 1_000)
            } else {
                blocks.simplePacket(frame.bytes)
            }
        }
        let inspection = try inspect(blocks.bytes)
        #expect(inspection.packets["PUBLISH"] == 300)
        #expect(abs(inspection.spanSeconds - 0.306) < 1e-6)
    }

    /// Ticks of any length, also such that a nanosecond is no whole number of them.
    @Test(arguments: [0, 3, 6, 7, 9, 0x80, 0x8A, 0x94, 0x9E] as [UInt8])
    func everyResolutionGivesTheSameSpan(_ resolution: UInt8) throws {
        let power = Double(resolution & 0x7F)
        let rate = resolution & 0x80 == 0 ? pow(10, power) : pow(2, power)
        var blocks = CaptureFile.Blocks()
        blocks.section()
        blocks.interface(options: blocks.resolution(resolution))
        let start = Self.wire.frames[0].time / 1_000_000_000
        // Two hundred seconds between the first and the last.
        for (number, frame) in Self.wire.frames.enumerated() {
            let second = start + (number == Self.wire.frames.count - 1 ? 200 : 0)
            blocks.packet(frame.bytes, ticks: UInt64(Double(second) * rate))
        }
        let inspection = try inspect(blocks.bytes)
        #expect(inspection.packets["PUBLISH"] == 300)
        #expect(abs(inspection.spanSeconds - 200) < 1e-3)
    }
}
