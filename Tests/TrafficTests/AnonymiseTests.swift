import Foundation
import MQTT
import Measure
import TestSupport
import Testing
import Traffic

/// Traffic whose owner cannot be told any more, and which is the same in everything that is measured.
@Suite struct AnonymiseTests {
    static let key = AnonymisationKey(secret: Array("a secret of the tests".utf8))

    /// All strings of a file of lines, with what is in base64 unpacked; types, times and names of members
    /// are ours.
    static func strings(_ path: String) throws -> [[UInt8]] {
        var strings: [[UInt8]] = []
        func collect(_ value: Any, _ name: String) {
            switch value {
            case let text as String:
                if ["type", "time", "direction", "ending", "version", "first_time", "last_time"]
                    .contains(name)
                {
                    return
                }
                let isPacked = name.hasSuffix("_base64") || name == "bytes"
                let data = isPacked ? Data(base64Encoded: text) : Data(text.utf8)
                strings.append(Array(data ?? Data()))
            case let list as [Any]: for value in list { collect(value, name) }
            case let object as [String: Any]: for (name, value) in object { collect(value, name) }
            default: break
            }
        }
        for packet in try ConvertTests.packets(path) { collect(packet, "") }
        return strings
    }

    static func texts(_ path: String) throws -> Set<String> {
        var texts: Set<String> = []
        for packet in try ConvertTests.packets(path) {
            for name in ["client", "username"] {
                if let text = packet[name] as? String { texts.insert(text) }
            }
            var topics = [packet["topic"], (packet["will"] as? [String: Any])?["topic"]]
            for subscription in packet["subscriptions"] as? [[String: Any]] ?? [] {
                topics.append(subscription["filter"])
            }
            for case let topic as String in topics {
                texts.formUnion(topic.split(separator: "/").map(String.init))
            }
        }
        return texts
    }

    /// Fails if any name, level or piece of a payload of the original is anywhere in the output.
    @Test func nothingOfTheOriginalIsLeft() throws {
        let scratch = ScratchDirectory()
        try convert([Folder.capture], to: scratch("a.jsonl"))
        try convert([Folder.capture], to: scratch("b.dstrace")) { $0.key = Self.key }
        try convert([scratch("b.dstrace")], to: scratch("b.jsonl"))
        let strings = try Self.strings(scratch("b.jsonl"))
        let haystack = Data(strings.joined(separator: [0]))
        let needles = try Self.texts(scratch("a.jsonl")).filter {
            $0.utf8.count >= 4 && !$0.hasPrefix("$")
        }
        #expect(needles.count > 80)
        for needle in needles {
            let isThere = haystack.range(of: Data(needle.utf8)) != nil
            #expect(!isThere, "\(needle)")
        }
        // Every eight bytes of every payload and will.
        func pieces(_ strings: [[UInt8]]) -> Set<UInt64> {
            var pieces: Set<UInt64> = []
            for string in strings where string.count >= 8 {
                var piece: UInt64 = 0
                for (index, byte) in string.enumerated() {
                    piece = piece << 8 | UInt64(byte)
                    if index >= 7 { pieces.insert(piece) }
                }
            }
            return pieces
        }
        let before = pieces(
            try ConvertTests.packets(scratch("a.jsonl")).compactMap { packet in
                (packet["payload"] as? String).map { Array($0.utf8) }
            })
        #expect(before.count > 10_000)
        #expect(before.intersection(pieces(strings)).isEmpty)
        // The addresses and the name of the capture, too.
        let text = try String(contentsOfFile: scratch("b.jsonl"), encoding: .utf8)
        #expect(!text.contains("127.0.0.1") && !text.contains("fleet-60"))
    }

    /// Fails if the tree of topics gets another shape, or a level another number of texts.
    @Test func shapeAndCardinalityStay() throws {
        let scratch = ScratchDirectory()
        try convert([Folder.capture], to: scratch("a.jsonl"))
        try convert([Folder.capture], to: scratch("b.jsonl")) { $0.key = Self.key }
        let (before, after) = (
            try ConvertTests.packets(scratch("a.jsonl")),
            try ConvertTests.packets(scratch("b.jsonl"))
        )
        #expect(before.count == after.count)
        var map: [String: String] = [:]
        for (old, new) in zip(before, after) {
            for name in ["time", "type", "connection", "qos", "packet_id", "retain", "ending"] {
                #expect("\(old[name] ?? "")" == "\(new[name] ?? "")")
            }
            guard let topic = old["topic"] as? String, let other = new["topic"] as? String else {
                continue
            }
            let (levels, others) = (topic.split(separator: "/"), other.split(separator: "/"))
            #expect(levels.map(\.utf8.count) == others.map(\.utf8.count))
            for (level, other) in zip(levels, others) {
                #expect(map[String(level), default: String(other)] == String(other))
                map[String(level)] = String(other)
            }
            if let client = old["client"] as? String { map[client] = new["client"] as? String }
        }
        #expect(Set(map.values).count == map.count)
        let filters = after.flatMap { ($0["subscriptions"] as? [[String: Any]]) ?? [] }
        #expect(filters.contains { ($0["filter"] as? String ?? "").hasSuffix("#") })
        // The same, and whom it matches, is counted as before.
        let (old, new) = (
            try Inspection(captures: [scratch("a.jsonl")]),
            try Inspection(captures: [scratch("b.jsonl")])
        )
        #expect(old.packets == new.packets && old.publish == new.publish)
        #expect(old.persisted == new.persisted && old.clients == new.clients)
        #expect(old.findings.map(\.rule) == new.findings.map(\.rule))
        #expect(old.findings.map(\.count) == new.findings.map(\.count))
    }

    @Test func oneKeyGivesOneOutputAndAnotherAnother() throws {
        let scratch = ScratchDirectory()
        let window = EventSelection.Moment("5s")
        for (name, key) in [
            ("1", Self.key), ("2", Self.key), ("3", AnonymisationKey()), ("4", AnonymisationKey()),
        ] {
            try convert([Folder.capture], to: scratch("\(name).dstrace")) {
                ($0.key, $0.selection.to) = (key, window)
            }
        }
        let files = try (1...4).map { try bytes(scratch("\($0).dstrace")) }
        #expect(files[0] == files[1])
        #expect(files[0] != files[2] && files[2] != files[3])
        #expect(AnonymisationKey(secret: Array("short".utf8)) == nil)
        #expect(AnonymisationKey(secret: Array("sixteen bytes...\n\n".utf8)) != nil)
    }

    /// Fails if a text that names something passes by a way that is seldom taken, or an order of a broker's
    /// is changed.
    @Test func everyPlaceOfANameIsFound() throws {
        let scratch = ScratchDirectory()
        let user = [Property.userProperty("event_id", "hidden-value")]
        var maker = try EventMaker(scratch("a.dstrace"))
        maker.open(0)
        maker.writer.identified(0, clientID: "hidden-client-0", at: maker.time)
        let will = Will(
            topic: "hidden/will", payload: Array("hidden payload".utf8),
            properties: [.responseTopic("hidden/answer"), .contentType("hidden/type")] + user)
        try maker.send(
            .connect(
                Connect(
                    version: .v5, clientID: "hidden-client-1", username: "hidden-user", will: will,
                    properties: user)), on: 0)
        try maker.send(
            .connack(
                Connack(
                    properties: [
                        .assignedClientIdentifier("hidden-client-2"),
                        .responseInformation("hidden/in"),
                        .serverReference("hidden.example:1883"), .reasonString("hidden reason"),
                    ] + user)), on: 0, .toClient)
        let filters = ["hidden/+/#", "$share/hidden-group/hidden/x", "$SYS/#", "#", "+/+"]
        try maker.send(
            .subscribe(
                Subscribe(
                    packetID: PacketID(1)!, properties: user,
                    subscriptions: filters.map { Subscription(filter: $0, qos: .atLeastOnce) })),
            on: 0)
        try maker.send(
            .unsubscribe(Unsubscribe(packetID: PacketID(2)!, properties: user, filters: filters)),
            on: 0)
        for type in [
            Packet.suback(Suback(packetID: PacketID(1)!, properties: user, reasonCodes: [0])),
            .unsuback(Unsuback(packetID: PacketID(2)!, properties: user, reasonCodes: [0])),
            .puback(Acknowledgement(packetID: PacketID(3)!, reasonCode: 16, properties: user)),
            .disconnect(Disconnect(reasonCode: 0x8B, properties: user)),
        ] {
            try maker.send(type, on: 0, .toClient)
        }
        try maker.send(
            .publish(
                Publish(
                    topic: "hidden/ü/a.b/hidden",
                    properties: [
                        .payloadFormatIndicator(1), .correlationData(Array("hidden data".utf8)),
                        .responseTopic("hidden/answer"), .contentType("hidden"),
                    ] + user, payload: Array("hidden text".utf8))), on: 0)
        try maker.writer.finish()
        try convert([scratch("a.dstrace")], to: scratch("b.jsonl")) { $0.key = Self.key }
        let haystack = try Self.strings(scratch("b.jsonl")).joined(separator: [0])
        let all = String(decoding: Array(haystack), as: UTF8.self)
        #expect(!all.contains("hidden") && !all.contains("ü") && !all.contains("example"))
        let text = try String(contentsOfFile: scratch("b.jsonl"), encoding: .utf8)
        for kept in ["$share/", "$SYS/#", "\"#\"", "+/+", "event_id"] {
            #expect(text.contains(kept), "\(kept)")
        }
        #expect(text.contains("\"payload_format_indicator\":0"))
        let before = try Inspection(captures: [scratch("a.dstrace")])
        let after = try Inspection(captures: [scratch("b.jsonl")])
        #expect(before.publish == after.publish && before.packets == after.packets)
    }
}
