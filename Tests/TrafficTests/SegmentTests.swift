import MQTT
import Testing
import Traffic

/// What is captured twice, ends abruptly, or begins on ports that were used before.
struct SegmentTests {
    private static func conversation(_ link: TestLink = .ethernet) -> Wire {
        var wire = Wire(link: link)
        wire.connect()
        for number in 0..<20 { wire.client(.reading("site/\(number)", "value \(number)")) }
        wire.client(.disconnect(Disconnect()))
        wire.finish()
        return wire
    }

    /// Each frame again, as another interface sees it `later` nanoseconds after.
    private static func twice(
        _ frames: [TestFrame], later: UInt64, _ change: (inout [UInt8]) -> Void = { _ in }
    ) -> [TestFrame] {
        frames.flatMap { frame in
            var other = frame
            other.time += later
            change(&other.bytes)
            return [frame, other]
        }
    }

    /// `tcpdump -i any` sees what passes a bridge once on each side of it.
    @Test(arguments: [TestLink.linuxCooked, .linuxCooked2, .ethernet, .vlan, .null])
    func segmentsOnTwoInterfacesAreReadOnce(_ link: TestLink) throws {
        let wire = Self.conversation(link)
        // The second version of cooked frames begins with what they carry.
        let byte = link == .linuxCooked2 ? 10 : 1
        let frames = Self.twice(wire.frames, later: 40_000) { $0[byte] ^= 3 }
        let inspection = try inspect(CaptureFile.pcap(frames, link: link.number))
        #expect(inspection.packets["PUBLISH"] == 20)
        #expect(inspection.quality.twiceCapturedSegments == wire.frames.count)
        #expect(inspection.quality.retransmittedSegments == 0)
        #expect(inspection.quality.verdict == .good)
    }

    /// A router between two interfaces takes a hop off and writes other addresses around.
    @Test func routedSegmentsAreReadOnce() throws {
        let frames = Self.twice(Self.conversation().frames, later: 900_000) {
            $0[0] = 0x02
            $0[14 + 8] -= 1
        }
        let inspection = try inspect(CaptureFile.pcap(frames))
        #expect(inspection.packets["PUBLISH"] == 20)
        #expect(inspection.quality.twiceCapturedSegments == frames.count / 2)
        #expect(inspection.quality.retransmittedSegments == 0)
    }

    /// Two interfaces of one pcapng, whose frames differ in nothing else.
    @Test func interfacesOfOneFileAreTwoSights() throws {
        var blocks = CaptureFile.Blocks()
        blocks.section()
        blocks.interface()
        blocks.interface()
        let frames = Self.conversation().frames
        for frame in frames {
            blocks.packet(frame.bytes, ticks: frame.time / 1_000)
            blocks.packet(frame.bytes, interface: 1, ticks: frame.time / 1_000 + 300)
        }
        let inspection = try inspect(blocks.bytes)
        #expect(inspection.packets["PUBLISH"] == 20)
        #expect(inspection.quality.twiceCapturedSegments == frames.count)
    }

    @Test func sameFrameAtTheSameTimeIsADuplicate() throws {
        let frames = Self.conversation().frames
        let inspection = try inspect(CaptureFile.pcap(Self.twice(frames, later: 0)))
        #expect(inspection.packets["PUBLISH"] == 20)
        #expect(inspection.quality.duplicateFrames == frames.count)
        #expect(inspection.quality.retransmittedSegments == 0)
    }

    /// What a sender repeats is no second sight of the first: it comes later.
    @Test func retransmissionsAreNotTakenForCopies() throws {
        let frames = Self.twice(Self.conversation().frames, later: 200_000_000)
        let inspection = try inspect(CaptureFile.pcap(frames))
        #expect(inspection.packets["PUBLISH"] == 20)
        #expect(inspection.quality.twiceCapturedSegments == 0)
        // CONNECT, CONNACK, twenty readings, DISCONNECT
        #expect(inspection.quality.retransmittedSegments == 23)
    }

    /// The tunnel on one interface, what comes out of it on the other.
    @Test func segmentInsideAndOutsideATunnelIsReadOnce() throws {
        let (outside, inside) = (Self.conversation(.vxlan).frames, Self.conversation().frames)
        let frames = zip(outside, inside).flatMap { outer, inner in
            var inner = inner
            inner.time += 15_000
            return [outer, inner]
        }
        let inspection = try inspect(CaptureFile.pcap(frames))
        #expect(inspection.packets["PUBLISH"] == 20)
        #expect(inspection.quality.twiceCapturedSegments == outside.count)
    }

    @Test(arguments: [true, false]) func resetEndsTheConnection(_ byClient: Bool) throws {
        var wire = Wire()
        wire.connect()
        wire.client(.reading())
        wire.segment(
            toBroker: byClient, [], .rst, at: byClient ? wire.clientSequence : wire.brokerSequence)
        // What comes after it is of nobody.
        wire.client(.reading("late"))
        let (trace, inspection) = try load(wire)
        #expect(inspection.packets["PUBLISH"] == 1)
        #expect(trace.events.last?.ending == .reset)
    }

    /// A reset far from what is expected is of a connection that had the ports before.
    @Test func strayResetEndsNothing() throws {
        var wire = Wire()
        wire.connect()
        wire.segment(toBroker: true, [], .rst, at: wire.clientSequence &+ 0x4000_0000)
        wire.client(.reading())
        #expect(try inspect(wire).packets["PUBLISH"] == 1)
    }

    enum Before: CaseIterable {
        case closed
        case reset
        case silent
    }

    /// The same ports again, with and without the SYN, after every way to end.
    @Test(arguments: Before.allCases, [true, false])
    func reusedPortsAreAnotherConnection(_ before: Before, _ hasSYN: Bool) throws {
        var wire = Wire()
        wire.connect(Connect(version: .v3_1_1, clientID: "first"))
        wire.client(.reading("first"))
        switch before {
        case .closed: wire.finish()
        case .reset: wire.segment(toBroker: true, [], .rst, at: wire.clientSequence)
        case .silent: break
        }
        wire.clientSequence = 3_000_000_000
        wire.brokerSequence = 77
        let start = wire.frames.count
        wire.connect(Connect(version: .v5, clientID: "second"))
        if !hasSYN { wire.frames.removeSubrange(start..<start + 2) }
        wire.client(.reading("second"), version: .v5)
        let (trace, inspection) = try load(wire)
        #expect(inspection.connections == 2)
        #expect(inspection.packets["PUBLISH"] == 2)
        #expect(trace.connections.map(\.clientID) == ["first", "second"])
        #expect(inspection.quality.connectionsWithoutConnect == 0)
    }

    /// More is missing than any window holds: how much is not known, but the rest is decoded.
    @Test func leapOfTheNumbersIsAGap() throws {
        var wire = Wire()
        wire.connect()
        wire.client(.reading("before"))
        wire.clientSequence &+= 500 << 20
        wire.client(.reading("after"), .reading("after"))
        let inspection = try inspect(wire)
        #expect(inspection.packets["PUBLISH"] == 3)
        #expect(inspection.connections == 1)
        #expect(inspection.quality.lostBytes > 0)
        #expect(inspection.quality.lostBytes < 1 << 20)
        #expect(inspection.quality.verdict != .good)
    }

    /// Where it was, in every sentence: with the file if there are several.
    @Test func troubleIsToldWithItsFrame() throws {
        var wire = Wire()
        wire.connect()
        wire.client([0x36, 3, 0, 1, 0x61])
        wire.client(.reading(), .reading())
        let file = CaptureFile.pcap(wire.frames)
        let offset = 24 + wire.frames[..<4].reduce(0) { $0 + 16 + $1.bytes.count }
        #expect(
            try inspect(file).quality.reasons == [
                "1 packets are malformed (first: frame 5 at byte \(offset))"
            ])
        var other = Self.conversation()
        for index in other.frames.indices { other.frames[index].time -= 60_000_000_000 }
        try withFolder(["a.pcap": file, "b.pcap": CaptureFile.pcap(other.frames)]) { folder in
            let reasons = try Inspection(captures: [folder]).quality.reasons
            let place = "frame 5 at byte \(offset) of \(folder)/a.pcap"
            #expect(reasons == ["1 packets are malformed (first: \(place))"])
        }
    }
}
