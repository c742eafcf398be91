import CSnappy
import CZstd
import Foundation
import MQTT
import Measure
import TestSupport
import Testing
import Traffic

/// Payloads that were replaced compress as those that were there, for each class of topics: by themselves,
/// and beside their neighbours in blocks of 4 KB, as tables of RocksDB hold them.
@Suite struct CompressibilityTests {
    enum Method: CaseIterable {
        case snappy, zstd

        func size(_ bytes: [UInt8]) -> Int {
            switch self {
            case .snappy:
                var size = snappy_max_compressed_length(bytes.count)
                var output = [CChar](repeating: 0, count: size)
                let input = bytes.map { CChar(bitPattern: $0) }
                snappy_compress(input, input.count, &output, &size)
                return size
            case .zstd:
                var output = [UInt8](repeating: 0, count: ZSTD_compressBound(bytes.count))
                return ZSTD_compress(&output, output.count, bytes, bytes.count, 3)
            }
        }
    }

    /// What clients publish in a file, by class: the last level of the topic before it was replaced, so the
    /// order of messages says which is which.
    static func payloads(_ path: String) throws -> [(topic: String, payload: [UInt8])] {
        var payloads: [(String, [UInt8])] = []
        _ = try CapturedPublishes(captures: [path]) { publish, topic, packet in
            let text = topic.withUnsafeBytes { String(decoding: $0, as: UTF8.self) }
            let payload = packet.extracting(publish.header.payload)
            payloads.append((text, payload.withUnsafeBytes { Array($0) }))
        }
        return payloads
    }

    static func compare(_ before: String, _ after: String, _ hint: String = "") throws {
        let (old, new) = (try payloads(before), try payloads(after))
        #expect(old.map(\.payload.count) == new.map(\.payload.count))
        var classes: [String: (old: [[UInt8]], new: [[UInt8]])] = [:]
        for (old, new) in zip(old, new) {
            let name = String(old.topic.split(separator: "/").last ?? "")
            classes[name, default: ([], [])].old.append(old.payload)
            classes[name]?.new.append(new.payload)
        }
        #expect(!classes.isEmpty)
        for (name, payloads) in classes {
            for method in Method.allCases {
                for block in [nil] + blockSizes {
                    let sizes = [payloads.old, payloads.new].map { payloads in
                        let parts = block.map { blocks(payloads, $0) } ?? payloads
                        return parts.reduce(0) { $0 + method.size($1) }
                    }
                    let change = Double(sizes[1]) / Double(sizes[0]) - 1
                    #expect(
                        abs(change) < 0.05,
                        "\(name), \(method), blocks of \(block ?? 0): \(sizes), \(change) \(hint)")
                }
            }
        }
    }

    /// Of tables of RocksDB: as shipped, and as large as is usual; bytes.
    private static let blockSizes: [Int?] = [4_096, 16_384]

    private static func blocks(_ payloads: [[UInt8]], _ size: Int) -> [[UInt8]] {
        let bytes = Array(payloads.joined())
        return stride(from: 0, to: bytes.count, by: size).map {
            Array(bytes[$0..<min($0 + size, bytes.count)])
        }
    }

    @Test func ofARecordedFleet() throws {
        try Self.compare(Folder.capture, AnonymiseTests.fleet("dstrace"))
    }

    /// All of it in an optimised build; a debug build takes the first seconds.
    @Test(.enabled(if: Folder.hasShared, "../shared is not beside the project"))
    func ofALargeFleet() throws {
        let scratch = ScratchDirectory()
        let fleet = Folder.shared.appendingPathComponent("captures/fleet-400.pcap.zst").path
        try convert([fleet], to: scratch("a.dstrace")) {
            $0.selection.to = isOptimisedBuild ? nil : .offset(12_000_000_000)
        }
        try convert([scratch("a.dstrace")], to: scratch("b.dstrace")) {
            $0.key = AnonymiseTests.key
        }
        try Self.compare(scratch("a.dstrace"), scratch("b.dstrace"))
    }

    /// What no fleet here sends: counters, clocks, what moves slowly, what is random.
    @Test(arguments: isOptimisedBuild ? 1...10 : 1...2)
    func ofMadeStreams(_ root: UInt64) throws {
        let scratch = ScratchDirectory()
        try Self.write(scratch("a.dstrace"), Seed(root))
        try convert([scratch("a.dstrace")], to: scratch("b.dstrace")) {
            $0.key = AnonymisationKey(secret: Array("secret of the tests \(root)".utf8))
        }
        try Self.compare(scratch("a.dstrace"), scratch("b.dstrace"), "seed \(root)")
    }

    /// Fails if a word, a number or a piece of what is no text is anywhere in what stands for it.
    @Test func nothingOfMadeStreamsIsLeft() throws {
        let scratch = ScratchDirectory()
        try Self.write(scratch("a.dstrace"), Seed(4))
        try convert([scratch("a.dstrace")], to: scratch("b.dstrace")) {
            $0.key = AnonymiseTests.key
        }
        let (old, new) = (
            try Self.payloads(scratch("a.dstrace")), try Self.payloads(scratch("b.dstrace"))
        )
        func pieces(_ payloads: [[UInt8]]) -> Set<[UInt8]> {
            var pieces: Set<[UInt8]> = []
            for payload in payloads where payload.count >= Self.telling {
                for start in 0...payload.count - Self.telling {
                    pieces.insert(Array(payload[start..<start + Self.telling]))
                }
            }
            return pieces
        }
        for stream in MadeStream.allCases {
            let both = zip(old, new).filter { $0.0.topic == "made/\(stream.rawValue)" }
            let left = pieces(both.map(\.0.payload)).intersection(pieces(both.map(\.1.payload)))
            #expect(!both.isEmpty && left.isEmpty, "\(stream): \(left)")
        }
    }

    /// Fails if what is alike nearly everywhere is compared over and over, which takes minutes.
    @Test(.timeLimit(.minutes(1))) func longPayloadsTakeTurns() throws {
        let scratch = ScratchDirectory()
        var maker = try EventMaker(scratch("a.dstrace"))
        maker.open(0)
        try maker.send(.connect(Connect(version: .v5, clientID: "a")), on: 0)
        let empty = [UInt8](repeating: 0, count: 32_768)
        let sparse = empty.indices.map { UInt8($0 % 50 == 0 ? 1 : 0) }
        for number in 0..<32 {
            let payload = number % 2 == 0 ? empty : sparse
            try maker.send(.publish(Publish(topic: "frames", payload: payload)), on: 0)
        }
        try maker.writer.finish()
        try convert([scratch("a.dstrace")], to: scratch("b.dstrace")) {
            $0.key = AnonymiseTests.key
        }
        try Self.compare(scratch("a.dstrace"), scratch("b.dstrace"))
    }

    private static func write(_ path: String, _ seed: Seed) throws {
        var maker = try EventMaker(path)
        maker.open(0)
        try maker.send(.connect(Connect(version: .v5, clientID: "a")), on: 0)
        let streams = MadeStream.allCases.map { ($0, $0.payloads(messages, seed: seed)) }
        for number in 0..<messages {
            for (stream, payloads) in streams {
                let publish = Publish(topic: "made/\(stream.rawValue)", payload: payloads[number])
                try maker.send(.publish(publish), on: 0)
            }
        }
        try maker.writer.finish()
    }

    private static let messages = 400
    /// A piece of as many bytes says something; a shorter one may come about by chance.
    private static let telling = 6
}
