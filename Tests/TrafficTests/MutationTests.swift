import MQTT
import Measure
import Testing
import Traffic

/// Damaged captures end in an error or in counts: no crash, no hang.
struct MutationTests {
    private static let root: UInt64 = 20_261_124
    private static let rounds = 2_000

    private static let originals: [[UInt8]] = {
        var frames: [TestFrame] = []
        for (number, version) in ProtocolVersion.allCases.enumerated() {
            for link in [TestLink.ethernet, .ipv6WithOptions] {
                var wire = Wire(clientPort: 50_000 + UInt16(frames.count), link: link)
                let properties: [Property] =
                    version == .v5 ? [.sessionExpiryInterval(60), .userProperty("a", "b")] : []
                wire.connect(
                    Connect(
                        version: version, clientID: "s\(number)", username: "u",
                        properties: properties))
                wire.client(
                    .reading("a/b", "1", qos: .atLeastOnce), .reading("c/d", "22"), version: version
                )
                wire.client(
                    .subscribe(
                        Subscribe(
                            packetID: PacketID(1).unsafelyUnwrapped,
                            subscriptions: [Subscription(filter: "a/#", qos: .atLeastOnce)])),
                    .pingreq, version: version)
                wire.broker(
                    .puback(Acknowledgement(packetID: PacketID(7).unsafelyUnwrapped)), .pingresp,
                    version: version)
                wire.client(.disconnect(Disconnect()), version: version)
                wire.finish()
                frames += wire.frames
            }
        }
        return [
            CaptureFile.pcap(frames), CaptureFile.pcapng(frames),
            CaptureFile.pcap(frames, bigEndian: true, nanoseconds: true),
            CaptureFile.gzip(CaptureFile.pcapng(frames)),
            CaptureFile.zstd(CaptureFile.pcap(frames)),
        ]
    }()

    private static func mutated(_ bytes: [UInt8], _ seed: inout Seed) -> [UInt8] {
        var bytes = bytes
        for _ in 0..<Int.random(in: 1...4, using: &seed) where bytes.count > 8 {
            let at = Int.random(in: 0..<bytes.count - 4, using: &seed)
            switch Int.random(in: 0..<7, using: &seed) {
            case 0: bytes[at] ^= 1 << UInt8.random(in: 0..<8, using: &seed)
            case 1: bytes[at] = UInt8.random(in: 0...255, using: &seed)
            case 2: bytes.replaceSubrange(at..<at + 4, with: [0xFF, 0xFF, 0xFF, 0xFF])
            case 3: bytes.replaceSubrange(at..<at + 4, with: [0, 0, 0, 0])
            case 4:
                bytes.removeSubrange(
                    at..<min(bytes.count, at + Int.random(in: 1...40, using: &seed)))
            case 5:
                bytes.insert(
                    contentsOf: bytes[
                        at..<min(bytes.count, at + Int.random(in: 1...200, using: &seed))], at: at)
            default: bytes.removeLast(Int.random(in: 1...min(bytes.count - 8, 200), using: &seed))
            }
        }
        return bytes
    }

    @Test(.timeLimit(.minutes(2))) func damagedCapturesEndInAnErrorOrInCounts() throws {
        var (read, refused) = (0, 0)
        for round in 0..<Self.rounds {
            var seed = Seed(Self.root).branch("mutation \(round)")
            let original = Self.originals[round % Self.originals.count]
            let bytes = Self.mutated(original, &seed)
            let start = MonotonicTime.now()
            try withFile(bytes) { path in
                do throws(CaptureError) {
                    let (trace, inspection) = try Trace.load(captures: [path])
                    #expect(!inspection.text().isEmpty)
                    #expect(
                        trace.events.count { $0.kind == .opened } == trace.connections.count,
                        "round \(round)")
                    read += 1
                } catch {
                    #expect("\(error)".contains(path))
                    refused += 1
                }
            }
            let took = MonotonicTime.now() - start
            #expect(took < .seconds(2), "seed \(Self.root), round \(round)")
        }
        // A test that only meets errors, or none, does not reach what it is for.
        #expect(read > Self.rounds / 4)
        #expect(refused > Self.rounds / 20)
    }
}
