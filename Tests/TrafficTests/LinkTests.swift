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
        #expect(inspection.captures.first?.linkType == link.name)
    }

    /// However deep tunnels are nested, nothing but time for their headers is lost.
    @Test func networksInNetworksEndSomewhere() throws {
        func nested(_ depth: Int) -> Wire {
            var wire = Wire(link: .raw)
            wire.connect()
            for index in wire.frames.indices {
                for _ in 0..<depth {
                    wire.frames[index].bytes = TestLink.ipv4(
                        wire.frames[index].bytes, toBroker: true, carried: 4)
                }
            }
            return wire
        }
        #expect(try inspect(nested(8)).packets["CONNECT"] == 1)
        let error = try failure(CaptureFile.pcap(nested(9).frames, link: 101))
        guard case .noMQTT = error else {
            Issue.record("\(String(describing: error))")
            return
        }
        // As deep as a packet can be
        guard case .noMQTT = try failure(CaptureFile.pcap(nested(3_000).frames, link: 101)) else {
            Issue.record("a tunnel of 3,000 turns was followed")
            return
        }
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
