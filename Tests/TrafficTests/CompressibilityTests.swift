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

    static func compare(_ before: String, _ after: String) throws {
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
                for inBlocks in [false, true] {
                    let sizes = [payloads.old, payloads.new].map { payloads in
                        let parts = inBlocks ? blocks(Array(payloads.joined())) : payloads
                        return parts.reduce(0) { $0 + method.size($1) }
                    }
                    let change = Double(sizes[1]) / Double(sizes[0]) - 1
                    #expect(
                        abs(change) < 0.05,
                        "\(name), \(method), \(inBlocks ? "blocks" : "alone"): \(sizes), \(change)")
                }
            }
        }
    }

    private static func blocks(_ bytes: [UInt8]) -> [[UInt8]] {
        stride(from: 0, to: bytes.count, by: 4_096).map {
            Array(bytes[$0..<min($0 + 4_096, bytes.count)])
        }
    }

    @Test func ofARecordedFleet() throws {
        let scratch = ScratchDirectory()
        try convert([Folder.capture], to: scratch("b.dstrace")) { $0.key = AnonymiseTests.key }
        try Self.compare(Folder.capture, scratch("b.dstrace"))
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

    /// Kinds of payloads that no fleet here sends.
    @Test func ofMadePayloads() throws {
        let scratch = ScratchDirectory()
        var seed = Seed(3)
        var maker = try EventMaker(scratch("a.dstrace"))
        maker.open(0)
        try maker.send(.connect(Connect(version: .v5, clientID: "a")), on: 0)
        for number in 0..<400 {
            let value = Double.random(in: -40...60, using: &seed)
            let words = ["idle", "run", "stop", "fault"]
            let json =
                "{\"id\":\"m-\(number % 20)\",\"t\":\(String(format: "%.2f", value)),\"state\":\"\(words[number % 7 % 4])\"}"
            let noise = (0..<100).map { _ in UInt8.random(in: 0...255, using: &seed) }
            let made: [(String, [UInt8])] = [
                ("json", Array(json.utf8)), ("random", noise),
                ("constant", [UInt8](repeating: 0x41, count: 64)),
            ]
            for (name, payload) in made {
                try maker.send(
                    .publish(Publish(topic: "made/\(name)", payload: payload)), on: 0)
            }
        }
        try maker.writer.finish()
        try convert([scratch("a.dstrace")], to: scratch("b.dstrace")) {
            $0.key = AnonymiseTests.key
        }
        try Self.compare(scratch("a.dstrace"), scratch("b.dstrace"))
    }
}
