import MQTT
import Testing
import Traffic

/// What a decoder keeps does not grow with the capture.
struct BoundTests {
    /// Connections at once, their packets by turns, each in two segments.
    @Test func twentyThousandConnectionsAtOnceAreDecoded() throws {
        let count = 20_000
        var frames: [TestFrame] = []
        func add(_ step: (inout Wire) -> Void, _ number: Int, _ wires: inout [Wire]) {
            wires[number].frames = []
            wires[number].time = 1_700_000_000_000_000_000 + UInt64(frames.count) * 1_000
            step(&wires[number])
            frames += wires[number].frames
        }
        let connect = Packet.connect(Connect(version: .v3_1_1, clientID: "sensor")).bytes()
        let reading = Packet.reading("a/b", "21.5").bytes()
        var wires = (0..<count).map { Wire(clientPort: UInt16(20_000 + $0), link: .raw) }
        for number in 0..<count { add({ $0.client(connect) }, number, &wires) }
        for number in 0..<count { add({ $0.client(Array(reading[..<5])) }, number, &wires) }
        for number in 0..<count { add({ $0.client(Array(reading[5...])) }, number, &wires) }
        let inspection = try inspect(CaptureFile.pcap(frames, link: 101))
        #expect(inspection.connections == count)
        #expect(inspection.packets["PUBLISH"] == count)
        #expect(inspection.quality.verdict == .good)
    }

    /// Segments that wait behind holes on many connections: at some point holes are not waited for.
    @Test func holesOnManyConnectionsDoNotAddUp() throws {
        let payload = String(repeating: "x", count: 30_000)
        var frames: [TestFrame] = []
        // 150 connections with 30 segments of 30 KB each would be 135 MB.
        for number in 0..<150 {
            var wire = Wire(clientPort: UInt16(20_000 + number), link: .raw)
            wire.connect()
            wire.clientSequence &+= 100
            for _ in 0..<30 { wire.client(.reading("a", payload)) }
            frames += wire.frames
        }
        let inspection = try inspect(CaptureFile.pcap(frames, link: 101))
        #expect(inspection.packets["PUBLISH"] == 150 * 30)
        #expect(inspection.quality.lostBytes == 150 * 100)
    }

    /// Scans open connections that never carry anything: more of them than are remembered.
    @Test func connectionsThatCarryNothingAreForgotten() throws {
        var frames: [TestFrame] = []
        for number in 0..<140_000 {
            let tcp =
                UInt16(truncatingIfNeeded: 1_024 + number % 60_000).wire
                + UInt16(truncatingIfNeeded: 1 + number / 60_000).wire
                + [0, 0, 0, 1, 0, 0, 0, 0, 0x50, 2, 0, 0, 0, 0, 0, 0]
            frames.append(
                TestFrame(
                    time: 1_700_000_000_000_000_000 + UInt64(number) * 1_000,
                    bytes: TestLink.ipv4(tcp, toBroker: true)))
        }
        var wire = Wire(link: .raw)
        wire.time += 1_000_000_000
        wire.connect()
        wire.client(.reading())
        let inspection = try inspect(CaptureFile.pcap(frames + wire.frames, link: 101))
        #expect(inspection.packets["PUBLISH"] == 1)
        #expect(inspection.quality.verdict == .good)
    }

    /// One byte a segment after a loss: what is kept must not be looked at again for each.
    @Test func searchInTinySegmentsEnds() throws {
        var wire = Wire(link: .raw)
        wire.connect()
        wire.clientSequence &+= 1
        // Always the beginning of a PUBLISH that could become one
        let bait: [UInt8] = [0x30, 0xFF, 0x7F, 0x00, 0x02, 0x61]
        for number in 0..<20_000 { wire.client([bait[number % bait.count]]) }
        wire.client(.reading(), .reading(), .reading(), .reading())
        let inspection = try inspect(wire)
        #expect(inspection.packets["CONNECT"] == 1)
        #expect(inspection.quality.lostBytes == 1)
    }
}
