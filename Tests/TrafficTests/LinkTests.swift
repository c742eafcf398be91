import MQTT
import Testing
import Traffic

struct LinkTests {
    @Test(arguments: TestLink.allCases) func everyLinkGivesTheSamePackets(_ link: TestLink) throws {
        var wire = Wire(link: link)
        wire.connect()
        wire.client(.reading(), .reading(qos: .atLeastOnce))
        wire.broker(.puback(Acknowledgement(packetID: try #require(PacketID(7)))))
        wire.finish()
        let inspection = try inspect(wire)
        #expect(inspection.connections == 1)
        #expect(inspection.packets["PUBLISH"] == 2)
        #expect(inspection.packets["PUBACK"] == 1)
        #expect(inspection.quality.verdict == .good)
    }

    /// A network card that cuts packets itself leaves the length 0 for it to fill in.
    @Test func lengthLeftToTheNetworkCardIsTheFrames() throws {
        var wire = Wire(link: .raw)
        wire.connect()
        wire.client(.reading("a/b", String(repeating: "x", count: 100)))
        let last = wire.frames.count - 1
        wire.frames[last].bytes.replaceSubrange(2..<4, with: [0, 0])
        #expect(try inspect(wire).packets["PUBLISH"] == 1)
    }

    @Test func fragmentsAreCountedAndSaid() throws {
        var wire = Wire()
        wire.connect()
        let ethernet = [UInt8](repeating: 0, count: 12) + [0x08, 0x00]
        for fragment: UInt16 in [0x2000, 0x0010] {
            let packet = TestLink.ipv4(
                [UInt8](repeating: 0, count: 40), toBroker: true, fragment: fragment)
            wire.frames.append(TestFrame(time: wire.time, bytes: ethernet + packet))
        }
        let quality = try inspect(wire).quality
        #expect(quality.reasons == ["2 IP fragments were not put together"])
        #expect(quality.verdict == .usable)
    }

    /// Every length that a frame can be cut to: nothing may be read that is not there.
    @Test(arguments: TestLink.allCases) func framesCutAnywhereAreOnlyCounted(_ link: TestLink)
        throws
    {
        var wire = Wire(link: link)
        wire.connect()
        let whole = wire.frames.count
        wire.client(.reading())
        let frame = try #require(wire.frames.last)
        for cut in 1...frame.bytes.count {
            wire.frames.append(TestFrame(time: frame.time, bytes: frame.bytes, cut: cut))
        }
        let inspection = try inspect(wire)
        #expect(inspection.packets["PUBLISH"] == 1)
        #expect(inspection.quality.truncatedFrames == frame.bytes.count)
        #expect(inspection.captures.first?.frames == whole + 1 + frame.bytes.count)
    }

    @Test func snapLengthLosesWhatItCutsAndNothingElse() throws {
        var wire = Wire()
        wire.connect()
        wire.client(.reading("long", String(repeating: "x", count: 500)))
        wire.frames[wire.frames.count - 1].cut = 300
        wire.client(.reading("short"))
        let inspection = try inspect(wire)
        #expect(inspection.packets["PUBLISH"] == 1)
        #expect(inspection.malformedPackets == 0)
        #expect(inspection.quality.lostBytes == 300)
        #expect(inspection.quality.truncatedFrames == 1)
    }
}
