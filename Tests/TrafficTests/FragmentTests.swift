import MQTT
import Measure
import Testing
import Traffic

/// IP packets in pieces.
struct FragmentTests {
    private static let payload = String(repeating: "0123456789", count: 60)

    private enum Version: CaseIterable {
        case four
        case six

        /// A piece of `segment` as a packet of its own.
        func packet(_ segment: [UInt8], _ range: Range<Int>, id: UInt16) -> [UInt8] {
            let part = Array(segment[range])
            let isLast = range.upperBound == segment.count
            let offset = UInt16(range.lowerBound)
            switch self {
            case .four:
                let field = offset / 8 | (isLast ? 0 : 0x2000)
                return TestLink.ipv4(part, toBroker: true, fragment: field, identification: id)
            case .six:
                let header = [6, 0] + (offset | (isLast ? 0 : 1)).wire + [0, 0] + id.wire
                return TestLink.ipv6(header + part, toBroker: true, next: 44)
            }
        }
    }

    /// A conversation whose PUBLISH is in a segment that `cut` takes apart.
    private static func wire(
        _ version: Version, _ cut: (_ segment: [UInt8]) -> [Range<Int>]
    ) -> (wire: Wire, pieces: Range<Int>) {
        var wire = Wire(link: version == .four ? .raw : .rawOpenBSD)
        wire.connect()
        wire.client(.reading("a/b", payload))
        let whole = wire.frames.removeLast()
        let segment = Array(whole.bytes.dropFirst(version == .four ? 20 : 40))
        let start = wire.frames.count
        for (number, range) in cut(segment).enumerated() {
            let packet = version.packet(segment, range, id: 77)
            wire.frames.append(
                TestFrame(time: whole.time + UInt64(number) * 1_000, bytes: packet))
        }
        return (wire, start..<wire.frames.count)
    }

    private static func thirds(_ segment: [UInt8]) -> [Range<Int>] {
        [0..<200, 200..<400, 400..<segment.count]
    }

    @Test(arguments: Version.allCases, [[0, 1, 2], [2, 1, 0], [1, 2, 0], [2, 0, 1]])
    private func fragmentsArePutTogetherInAnyOrder(_ version: Version, _ order: [Int]) throws {
        var (wire, pieces) = Self.wire(version, Self.thirds)
        let shuffled = order.map { wire.frames[pieces.lowerBound + $0] }
        wire.frames.replaceSubrange(pieces, with: shuffled)
        wire.client(.reading("a/c"))
        let inspection = try inspect(wire)
        #expect(inspection.packets["PUBLISH"] == 2)
        #expect(inspection.quality.verdict == .good)
        #expect(inspection.quality.lostBytes == 0)
    }

    /// What was there first is what a receiver has.
    @Test func firstFragmentWinsWhereTheyOverlap() throws {
        var (wire, pieces) = Self.wire(.four) { segment in
            [0..<200, 192..<400, 400..<segment.count]
        }
        // The second repeats eight bytes, changed.
        for index in 20..<28 { wire.frames[pieces.lowerBound + 1].bytes[index] = 0x7E }
        let (trace, _) = try load(wire)
        #expect(try trace.publishes().map(\.payload) == [Array(Self.payload.utf8)])
    }

    @Test func fragmentsWithoutTheRestAreCountedAndSaid() throws {
        var (wire, pieces) = Self.wire(.four, Self.thirds)
        wire.frames.remove(at: pieces.lowerBound + 1)
        wire.client(.reading("a/c"))
        let inspection = try inspect(wire)
        #expect(inspection.packets["PUBLISH"] == 1)
        #expect(inspection.quality.verdict != .good)
        #expect(
            inspection.quality.reasons.contains {
                $0.hasPrefix("2 IP fragments were not put together")
            }, "\(inspection.quality.reasons)")
    }

    /// The same numbers come round: a fragment of half a minute ago is of another packet.
    @Test func oldFragmentsAreNotMixedWithNewOnes() throws {
        var (wire, pieces) = Self.wire(.four, Self.thirds)
        var stray = wire.frames[pieces.lowerBound + 1]
        for index in 20..<stray.bytes.count { stray.bytes[index] = 0x7E }
        wire.frames.insert(stray, at: pieces.lowerBound)
        for index in wire.frames.indices where index > pieces.lowerBound {
            wire.frames[index].time += 31_000_000_000
        }
        let (trace, _) = try load(wire)
        #expect(try trace.publishes().map(\.payload) == [Array(Self.payload.utf8)])
    }

    @Test func fragmentsCapturedTwiceAreNoTrouble() throws {
        var (wire, pieces) = Self.wire(.four, Self.thirds)
        wire.frames.insert(contentsOf: wire.frames[pieces], at: pieces.upperBound)
        wire.client(.reading("a/c"))
        let inspection = try inspect(wire)
        #expect(inspection.packets["PUBLISH"] == 2)
        #expect(inspection.quality.verdict == .good, "\(inspection.quality.reasons)")
    }

    /// A tunnel adds its header and the packet does not fit any more.
    @Test func fragmentedTunnelIsFollowed() throws {
        var wire = Wire(link: .vxlan)
        wire.connect()
        wire.client(.reading("a/b", Self.payload))
        let whole = wire.frames.removeLast()
        // Behind the outer Ethernet and IPv4 headers
        let datagram = Array(whole.bytes.dropFirst(14 + 20))
        for (number, range) in [0..<304, 304..<datagram.count].enumerated() {
            let field = UInt16(range.lowerBound / 8) | (number == 0 ? 0x2000 : 0)
            let packet = TestLink.ipv4(
                Array(datagram[range]), toBroker: true, fragment: field, carried: 17)
            wire.frames.append(
                TestFrame(time: whole.time, bytes: TestLink.ethernet(0x0800, packet)))
        }
        wire.client(.reading("a/c"))
        let inspection = try inspect(wire)
        #expect(inspection.packets["PUBLISH"] == 2)
        #expect(inspection.quality.verdict == .good)
    }

    /// Whatever comes, nothing is kept without bound and nothing crashes.
    @Test func floodOfFragmentsIsBounded() throws {
        var seed = Seed(7).branch("fragments")
        var wire = Wire(link: .raw)
        wire.connect()
        for _ in 0..<20_000 {
            let field = UInt16.random(in: 0...0x3FFF, using: &seed)
            let id = UInt16.random(in: 0...400, using: &seed)
            let length = Int.random(in: 0...32, using: &seed)
            wire.frames.append(
                TestFrame(
                    time: wire.time,
                    bytes: TestLink.ipv4(
                        [UInt8](repeating: 1, count: length), toBroker: true, fragment: field,
                        identification: id)))
        }
        wire.client(.reading())
        #expect(try inspect(wire).packets["PUBLISH"] == 1)
    }
}
