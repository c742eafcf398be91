import Foundation
import MQTT
import Measure
import Testing
import Traffic

/// Damaged captures end in an error or in counts: no crash, no hang, no memory without bound.
struct MutationTests {
    private static let root: UInt64 = 20_261_125
    /// Captures, each mutated once or more: `DSTUNE_MUTATIONS` says how many, 200,000 in `make nightly`.
    private static let rounds =
        ProcessInfo.processInfo.environment["DSTUNE_MUTATIONS"].flatMap(Int.init) ?? 1_500
    /// Of a process, the tests themselves included.
    private static let memoryLimit = 256 << 20
    /// Of CPU for one capture.
    private static let timeLimit = Nanoseconds.seconds(1)

    /// Every container and version, and every link.
    private static let originals: [[UInt8]] = {
        let frames = Self.frames
        var blocks = CaptureFile.Blocks(bigEndian: true)
        blocks.section()
        blocks.interface(options: blocks.resolution(9))
        blocks.interface(link: 101, options: blocks.offset(7))
        for frame in frames {
            blocks.packet(frame.bytes, ticks: frame.time)
            blocks.oldPacket(frame.bytes, ticks: frame.time)
            blocks.simplePacket(frame.bytes)
        }
        let links = TestLink.allCases.map { link in
            var wire = Wire(link: link)
            wire.connect()
            wire.client(.reading(), .reading(qos: .atLeastOnce))
            return CaptureFile.pcap(wire.frames, link: link.number)
        }
        return [
            CaptureFile.pcap(frames), CaptureFile.pcapng(frames), blocks.bytes,
            CaptureFile.pcap(frames, bigEndian: true, nanoseconds: true),
            CaptureFile.gzip(CaptureFile.pcapng(frames)),
            CaptureFile.zstd(CaptureFile.pcap(frames)),
        ] + links
    }()

    private static let frames: [TestFrame] = {
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
        return frames
    }()

    private static func mutated(_ bytes: [UInt8], _ seed: inout Seed) -> [UInt8] {
        var bytes = bytes
        for _ in 0..<Int.random(in: 1...4, using: &seed) where bytes.count > 8 {
            let at = Int.random(in: 0..<bytes.count - 4, using: &seed)
            switch Int.random(in: 0..<8, using: &seed) {
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
            // A length that is a little, or much, off
            case 6:
                let lie = UInt32.random(
                    in: 0...1 << UInt32.random(in: 2...31, using: &seed), using: &seed)
                bytes.replaceSubrange(
                    at..<at + 4, with: lie.bytes(bigEndian: .random(using: &seed)))
            default: bytes.removeLast(Int.random(in: 1...min(bytes.count - 8, 200), using: &seed))
            }
        }
        return bytes
    }

    /// A conversation whose packets were mutated before they were put into sound segments.
    private static func stream(_ seed: inout Seed) -> [UInt8] {
        let version = ProtocolVersion.allCases.randomElement(using: &seed) ?? .v5
        let connect = Packet.connect(Connect(version: version, clientID: "s")).bytes(version)
        let packets =
            [Packet.reading("a/b", "1", qos: .atLeastOnce), .pingreq, .reading("c/d", "22")]
            .flatMap { $0.bytes(version) }
        var wire = Wire(link: .raw, clientSequence: .random(in: 0 ... .max, using: &seed))
        wire.handshake()
        wire.client(Bool.random(using: &seed) ? connect : mutated(connect, &seed))
        let first = wire.frames.count
        for _ in 0..<Int.random(in: 1...6, using: &seed) {
            let bytes = mutated(packets, &seed)
            if Bool.random(using: &seed) { wire.client(bytes) } else { wire.broker(bytes) }
            // Some are lost, some come in another order.
            if Int.random(in: 0..<4, using: &seed) == 0 { wire.clientSequence &+= 3 }
        }
        if Bool.random(using: &seed) { wire.frames[first...].shuffle(using: &seed) }
        return CaptureFile.pcap(wire.frames, link: 101)
    }

    /// In a process of its own, whose memory is nobody else's.
    @Test(.timeLimit(.minutes(30))) func damagedCapturesEndInAnErrorOrInCounts() async {
        await #expect(processExitsWith: .success) {
            var (read, refused) = (0, 0)
            for round in 0..<MutationTests.rounds {
                var seed = Seed(MutationTests.root).branch("mutation \(round)")
                let bytes =
                    round % 3 == 2
                    ? MutationTests.stream(&seed)
                    : MutationTests.mutated(
                        MutationTests.originals[round % MutationTests.originals.count], &seed)
                let start = MutationTests.threadTime()
                do throws(CaptureError) {
                    _ = try DecodingCount(bytes: bytes, name: "the mutated one")
                    read += 1
                } catch {
                    #expect("\(error)".contains("the mutated one"))
                    refused += 1
                }
                let took = MutationTests.threadTime() - start
                #expect(
                    took < MutationTests.timeLimit, "seed \(MutationTests.root), round \(round)")
            }
            // A test that only meets errors, or none, does not reach what it is for.
            #expect(read > MutationTests.rounds / 4)
            #expect(refused > MutationTests.rounds / 20)
            let peak = try MutationTests.peakMemory()
            #expect(peak < MutationTests.memoryLimit)
        }
    }

    /// A few KB that become gigabytes: zeros behind a header, and frames that are there.
    @Test func decompressionBombsAreRefused() async {
        await #expect(processExitsWith: .success) {
            let zeros = [UInt8](repeating: 0, count: 8 << 20)
            let frame = TestFrame(time: 1_700_000_000_000_000_000, bytes: Array(zeros[..<60_000]))
            let frames = Array(
                CaptureFile.pcap([TestFrame](repeating: frame, count: 140)).dropFirst(24))
            let head = CaptureFile.pcap([])
            let bombs: [(pack: ([UInt8]) -> [UInt8], what: [UInt8], isRefused: Bool)] = [
                // Zeros end the capture at once; what is not read does no harm.
                (CaptureFile.gzip, zeros, false), (CaptureFile.zstd, zeros, false),
                (CaptureFile.zstd, frames, true),
            ]
            for (pack, what, isRefused) in bombs {
                let (head, member) = (pack(head), pack(what))
                let bomb = (0..<1_000).reduce(into: head) { bomb, _ in bomb += member }
                let began = MutationTests.threadTime()
                do throws(CaptureError) {
                    _ = try DecodingCount(bytes: bomb, name: "bomb")
                    #expect(!isRefused)
                } catch {
                    #expect(isRefused)
                    #expect("\(error)".contains("more than a thousand times as long"))
                }
                #expect(MutationTests.threadTime() - began < MutationTests.timeLimit)
            }
            let peak = try MutationTests.peakMemory()
            #expect(peak < MutationTests.memoryLimit)
        }
    }

    /// CPU of this thread: other tests may have the processor meanwhile.
    private static func threadTime() -> Nanoseconds {
        var time = timespec()
        clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time)
        return Nanoseconds(Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec))
    }

    /// The most that was resident, in bytes (proc(5), `VmHWM`).
    private static func peakMemory() throws -> Int {
        let status = try String(contentsOfFile: "/proc/self/status", encoding: .utf8)
        let line = try #require(status.split(separator: "\n").first { $0.hasPrefix("VmHWM:") })
        let kilobytes = line.split(separator: " ").compactMap { Int($0) }.first
        return try #require(kilobytes) * 1_024
    }
}
