import MQTT
import Measure
import Testing
import Traffic

/// What networks and capture hosts do to segments.
struct ReassemblyTests {
    private static let readings = (0..<20).map {
        Packet.reading("site/\($0)", "value \($0)").bytes()
    }

    /// Twenty readings, a segment each, as they lie in the frames from `first` on.
    private static func conversation(sequence: UInt32 = 1_000) -> (wire: Wire, first: Int) {
        var wire = Wire(clientSequence: sequence, brokerSequence: sequence &+ 5)
        wire.connect()
        let first = wire.frames.count
        for reading in readings { wire.client(reading) }
        return (wire, first)
    }

    @Test func retransmittedSegmentIsCountedOnce() throws {
        var (wire, first) = Self.conversation()
        wire.sendAgain(first + 3, at: first + 5)
        wire.sendAgain(first + 19, at: wire.frames.count)
        let inspection = try inspect(wire)
        #expect(inspection.packets["PUBLISH"] == 20)
        #expect(inspection.quality.retransmittedSegments == 2)
        #expect(inspection.quality.outOfOrderSegments == 0)
        #expect(inspection.quality.verdict == .good)
    }

    @Test func reorderedSegmentsArePutBack() throws {
        var (wire, first) = Self.conversation()
        wire.frames.swapAt(first + 2, first + 3)
        wire.frames[first + 8..<first + 13].reverse()
        let inspection = try inspect(wire)
        #expect(inspection.packets["PUBLISH"] == 20)
        // Of two swapped segments one is late, of five reversed four are.
        #expect(inspection.quality.outOfOrderSegments == 5)
        #expect(inspection.quality.retransmittedSegments == 0)
        #expect(inspection.quality.lostBytes == 0)
    }

    /// With the numbers chosen so that each of the segments is, once, the one that crosses 2^32.
    @Test(arguments: Array(stride(from: 0, through: 500, by: 7))) func sequenceNumbersWrapAround(
        _ before: Int
    ) throws {
        var (wire, first) = Self.conversation(sequence: 0 &- UInt32(before))
        wire.frames.swapAt(first + 4, first + 5)
        wire.sendAgain(first + 2, at: first + 9)
        let inspection = try inspect(wire)
        #expect(inspection.packets["PUBLISH"] == 20)
        #expect(inspection.quality.retransmittedSegments == 1)
        #expect(inspection.quality.lostBytes == 0)
    }

    /// Both copies are well-formed, so only the payload tells which was taken.
    @Test func firstCopyOfOverlappingBytesWins() throws {
        let first = Packet.reading("a", "1111").bytes()
        let other = Packet.reading("a", "22222222").bytes()
        var wire = Wire()
        wire.connect()
        let start = wire.clientSequence
        wire.client(first)
        // In place: a longer copy whose beginning was seen.
        let tail = Packet.reading("b", "3").bytes()
        wire.segment(toBroker: true, other.prefix(first.count) + tail, .ack, at: start)
        // In a hole: the held bytes were there first.
        let hole = start &+ UInt32(first.count + tail.count)
        let held = Packet.reading("c", "44").bytes()
        let gap = Packet.reading("d", "5").bytes()
        wire.segment(toBroker: true, held, .ack, at: hole &+ UInt32(gap.count))
        wire.segment(
            toBroker: true, gap + [UInt8](repeating: 0xFF, count: held.count), .ack, at: hole)
        let (trace, inspection) = try load(wire)
        #expect(inspection.packets["PUBLISH"] == 4)
        #expect(inspection.malformedPackets == 0)
        #expect(
            try trace.publishes().map(\.payload) == ["1111", "3", "5", "44"].map { Array($0.utf8) })
    }

    @Test func keepAliveIsNoRetransmission() throws {
        var (wire, _) = Self.conversation()
        wire.segment(toBroker: true, [0], .ack, at: wire.clientSequence &- 1)
        wire.segment(toBroker: true, [], .ack, at: wire.clientSequence &- 1)
        wire.client(.reading())
        let inspection = try inspect(wire)
        #expect(inspection.packets["PUBLISH"] == 21)
        #expect(inspection.quality.retransmittedSegments == 0)
    }

    /// A packet is lost, the bytes of it are counted, and all others are found.
    @Test(arguments: [0, 7, 19]) func lostSegmentCostsItsPacketOnly(_ lost: Int) throws {
        var (wire, first) = Self.conversation()
        wire.client(.disconnect(Disconnect()))
        wire.finish()
        wire.frames.remove(at: first + lost)
        let inspection = try inspect(wire)
        #expect(inspection.packets["PUBLISH"] == 19)
        #expect(inspection.packets["DISCONNECT"] == 1)
        #expect(inspection.quality.lostBytes == Self.readings[lost].count)
        #expect(inspection.malformedPackets == 0)
        #expect(
            inspection.quality.reasons.contains {
                $0.hasPrefix("\(Self.readings[lost].count) bytes")
            })
    }

    /// The segments cut packets anywhere, so the next boundary has to be looked for.
    @Test(arguments: 1...12) func boundaryIsFoundAgainInsideSegments(_ lost: Int) throws {
        var wire = Wire()
        wire.connect()
        let first = wire.frames.count
        let bytes = Self.readings.flatMap { $0 }
        for start in stride(from: 0, to: bytes.count, by: 25) {
            wire.client(Array(bytes[start..<min(start + 25, bytes.count)]))
        }
        wire.finish()
        wire.frames.remove(at: first + lost)
        let inspection = try inspect(wire)
        // 25 bytes hit at most three packets of 18 to 20.
        #expect(try #require(inspection.packets["PUBLISH"]) >= 17)
        #expect(inspection.quality.lostBytes == 25)
        #expect(
            inspection.publish.topics == inspection.packets["PUBLISH"],
            "a packet that was never sent")
        let whole = Self.readings.reduce(0) { $0 + $1.count }
        let missing = inspection.quality.lostBytes + inspection.quality.skippedBytes
        #expect(missing < 25 + 3 * 20 && whole > missing)
    }

    @Test func rememberedTimesAreThoseOfTheFramesThatComplete() throws {
        var wire = Wire()
        wire.connect()
        let reading = Packet.reading("a", "12345").bytes()
        wire.client(Array(reading[..<4]))
        wire.time += 5_000_000_000
        wire.client(Array(reading[4...]))
        let (trace, _) = try load(wire)
        // CONNECT is in the third segment, the end of the PUBLISH in the sixth.
        let event = try #require(
            trace.events.first {
                if case .packet(let packet) = $0.kind { packet.type == .publish } else { false }
            })
        #expect(event.offset == Nanoseconds(5_003_000_000))
    }

    /// Any cut into segments, any order within a window, any repetition gives the same bytes.
    @Test(arguments: 0..<40) func anyOrderGivesTheSamePackets(_ round: UInt64) throws {
        var seed = Seed(round).branch("reassembly")
        var wire = Wire(clientSequence: UInt32.random(in: 0...UInt32.max, using: &seed))
        wire.connect()
        let first = wire.frames.count
        let (base, bytes) = (wire.clientSequence, Self.readings.flatMap { $0 })
        var at = 0
        while at < bytes.count {
            let end = min(bytes.count, at + Int.random(in: 1...40, using: &seed))
            // Some overlap what was sent before.
            let from = max(
                0, at - (Bool.random(using: &seed) ? Int.random(in: 0...20, using: &seed) : 0))
            wire.segment(toBroker: true, Array(bytes[from..<end]), .ack, at: base &+ UInt32(from))
            at = end
        }
        for start in stride(from: first, to: wire.frames.count, by: 6) {
            wire.frames[start..<min(start + 6, wire.frames.count)].shuffle(using: &seed)
        }
        for _ in 0..<5 {
            wire.frames.append(wire.frames[Int.random(in: first..<wire.frames.count, using: &seed)])
        }
        let (trace, inspection) = try load(wire)
        #expect(inspection.packets["PUBLISH"] == 20, "round \(round)")
        #expect(inspection.quality.lostBytes == 0, "round \(round)")
        #expect(inspection.malformedPackets == 0, "round \(round)")
        let payloads = try trace.publishes().map { String(decoding: $0.payload, as: UTF8.self) }
        #expect(payloads == (0..<20).map { "value \($0)" }, "round \(round)")
    }
}

extension Trace {
    /// Its PUBLISH packets, parsed, in order.
    func publishes() throws -> [Publish] {
        try events.compactMap { event in
            guard case .packet(let packet) = event.kind, packet.type == .publish else { return nil }
            guard case .publish(let publish) = try parse(packet, on: event.connection) else {
                return nil
            }
            return publish
        }
    }

    func parse(_ packet: Packet, on connection: Int) throws -> MQTT.Packet {
        try MQTT.Packet.read(
            packets.span.bytes.extracting(packet.bytes), version: connections[connection].version)
    }
}
