import Foundation
import MQTT
import Measure
import TestSupport
import Testing
import Traffic

/// Parts of recorded traffic.
@Suite struct ConvertTests {
    static func packets(_ path: String) throws -> [[String: Any]] {
        try lines(path).compactMap {
            try JSONSerialization.jsonObject(with: Data($0.utf8)) as? [String: Any]
        }
    }

    /// Fails if a packet is lost or kept at an edge, or if what is written depends on the index.
    @Test func aWindowHoldsWhatWasSentInIt() throws {
        let scratch = ScratchDirectory()
        try convert([Folder.capture], to: scratch("a.jsonl"))
        try convert([Folder.capture], to: scratch("a.dstrace"))
        let all = try lines(scratch("a.jsonl")).filter { $0.contains("\"direction\"") }
        let (from, to) = ("2026-11-23T17:09:09.593864", "2026-11-23T17:09:19.593864")
        let expected = all.filter { line in
            let time = line.dropFirst(9).prefix(26)
            return time >= from && time < to
        }
        for source in ["a.dstrace", "a.jsonl"] {
            for selection in [
                (EventSelection.Moment("10s"), EventSelection.Moment("20s")),
                (EventSelection.Moment(from + "Z"), EventSelection.Moment(to)),
            ] {
                try convert([scratch(source)], to: scratch("part.jsonl")) {
                    ($0.selection.from, $0.selection.to) = selection
                }
                let part = try lines(scratch("part.jsonl")).filter { $0.contains("\"direction\"") }
                #expect(part.count == expected.count && expected.count > 500, "\(source)")
                #expect(
                    part.map { $0.dropFirst(9).prefix(30) }
                        == expected.map { $0.dropFirst(9).prefix(30) })
            }
        }
        let inspection = try Inspection(captures: [scratch("part.jsonl")])
        #expect(inspection.spanSeconds < 10 && inspection.quality.connectionsWithoutConnect > 40)
    }

    @Test func momentsAreReadAsPeopleWriteThem() {
        let second: Int64 = 1_000_000_000
        #expect(EventSelection.Moment("30s") == .offset(30 * second))
        #expect(EventSelection.Moment("1.5m") == .offset(90 * second))
        #expect(EventSelection.Moment("2h") == .offset(7_200 * second))
        #expect(EventSelection.Moment("250ms") == .offset(second / 4))
        #expect(EventSelection.Moment("1970-01-02") == nil)
        #expect(EventSelection.Moment("1970-01-02T00:00") == .absolute(86_400 * second))
        for text in ["", "30", "s", "-1s", "30 s", "1e9d", "2026-13-01T00:00:00Z"] {
            #expect(EventSelection.Moment(text) == nil, "\(text)")
        }
    }

    @Test func aClientHasItsConnectionsAndNoOther() throws {
        let scratch = ScratchDirectory()
        try convert([Folder.capture], to: scratch("a.jsonl"))
        try convert([Folder.capture], to: scratch("a.dstrace"))
        let wanted = try Self.packets(scratch("a.jsonl")).filter {
            $0["client"] as? String == "dev-0003" || $0["client"] as? String == "archiver"
        }
        for source in ["a.dstrace", "a.jsonl"] {
            try convert([scratch(source)], to: scratch("part.jsonl")) {
                $0.selection.clients = ["dev-0003", "arch*"]
            }
            let part = try Self.packets(scratch("part.jsonl")).filter { $0["direction"] != nil }
            #expect(part.count == wanted.count && wanted.count > 100)
            #expect(
                zip(part, wanted).allSatisfy {
                    $0["time"] as? String == $1["time"] as? String
                        && $0["type"] as? String == $1["type"] as? String
                })
        }
        let inspection = try Inspection(captures: [scratch("part.jsonl")])
        #expect(inspection.clients == 2 && inspection.quality.connectionsWithoutConnect == 0)
    }

    /// Fails if an acknowledgement comes without its PUBLISH or the other way round.
    @Test func aTopicKeepsItsHandshakesAndItsSessions() throws {
        let scratch = ScratchDirectory()
        let whole = try Inspection(captures: [Folder.capture])
        try convert([Folder.capture], to: scratch("part.jsonl")) {
            try? $0.selection.add(topic: "cmd/#")
        }
        let part = try Inspection(captures: [scratch("part.jsonl")])
        for type in ["CONNECT", "CONNACK", "SUBSCRIBE", "SUBACK", "PINGREQ", "DISCONNECT"] {
            #expect(part.packets[type] == whole.packets[type], "\(type)")
        }
        let publishes = try Self.packets(scratch("part.jsonl")).filter {
            $0["type"] as? String == "PUBLISH"
        }
        #expect(publishes.allSatisfy { ($0["topic"] as? String ?? "").hasPrefix("cmd/") })
        #expect(part.publish.qos2 > 100 && part.publish.qos2 < whole.publish.qos2 + 1)
        #expect(part.packets["PUBREC"] == part.publish.qos2)
        #expect(part.packets["PUBREL"] == part.publish.qos2)
        #expect(part.packets["PUBCOMP"] == part.publish.qos2)
        #expect(part.packets["PUBACK"] == part.publish.qos1)
    }

    /// Fails if a part is taken by reading everything: other blocks may be damaged then.
    @Test func theIndexLeadsToWhatIsWanted() throws {
        let scratch = ScratchDirectory()
        try TraceDamageTests.make(scratch("a.dstrace"))
        let whole = try bytes(scratch("a.dstrace"))
        func number(_ at: Int) -> Int {
            whole[at..<at + 4].reversed().reduce(0) { $0 << 8 | Int($1) }
        }
        // The second block.
        var damaged = whole
        let second = 16 + 40 + number(16 + 4)
        damaged[second + 50] ^= 0x55
        try Data(damaged).write(to: URL(fileURLWithPath: scratch("bad.dstrace")))
        #expect(try conversionFailure(scratch("bad.dstrace"))?.contains("block 2") == true)
        let third = try convert([scratch("bad.dstrace")], to: scratch("part.jsonl")) {
            $0.selection.clients = ["client-7"]
        }
        #expect(third.connections == 1 && third.packets == 6)
        let outcome = try convert([scratch("bad.dstrace")], to: scratch("part.jsonl")) {
            $0.selection.to = .offset(10_000_000)
        }
        #expect(outcome.packets > 5)
        #expect(throws: (any Error).self) {
            try convert([scratch("bad.dstrace")], to: scratch("part.jsonl")) {
                $0.selection.clients = ["client-4"]
            }
        }
    }

    /// Fails if the frames that are made of a trace do not carry it: for our decoder, and for another.
    @Test func aTraceBecomesACaptureAgain() throws {
        let scratch = ScratchDirectory()
        try convert([Folder.capture], to: scratch("a.dstrace"))
        try convert([scratch("a.dstrace")], to: scratch("a.pcapng"))
        let (before, after) = (
            try Inspection(captures: [Folder.capture]),
            try Inspection(captures: [scratch("a.pcapng")])
        )
        #expect(before.packets == after.packets && before.publish == after.publish)
        #expect(before.persisted == after.persisted)
        // What findings would save is by the time from the first frame to the last, and frames of TCP differ.
        #expect(before.findings.map(\.rule) == after.findings.map(\.rule))
        #expect(before.findings.map(\.count) == after.findings.map(\.count))
        #expect(before.clients == after.clients && before.connections == after.connections)
        #expect(after.quality.verdict == .good)
    }

    @Test(.enabled(if: Tool.areThere, "needs tshark"))
    func anotherDecoderReadsTheSameOfIt() throws {
        let scratch = ScratchDirectory()
        try convert([Folder.capture], to: scratch("a.pcapng")) {
            $0.selection.to = .offset(5_000_000_000)
        }
        let part = try Inspection(captures: [scratch("a.pcapng")])
        let types = try Tool.fields(
            ["-r", scratch("a.pcapng"), "-Y", "mqtt", "-e", "mqtt.msgtype"], in: scratch.path
        ).compactMap { UInt8($0) }
        #expect(types.count > 300)
        for type in PacketType.allCases {
            #expect(part.packets[type.name] == types.count { $0 == type.rawValue }, "\(type)")
        }
    }

    @Test func tracesAndLinesAreReadTogetherInOrderOfTime() throws {
        let scratch = ScratchDirectory()
        try convert([Folder.capture], to: scratch("a.dstrace"))
        try convert([scratch("a.dstrace")], to: scratch("1.dstrace")) {
            $0.selection.clients = ["dev-*"]
        }
        try convert([scratch("a.dstrace")], to: scratch("2.jsonl")) {
            $0.selection.clients = ["[!d]*", "dashboard"]
        }
        let parts = [scratch("2.jsonl"), scratch("1.dstrace")]
        let (whole, _) = try Trace.load(captures: [Folder.capture])
        let (both, inspection) = try Trace.load(captures: parts)
        let original = try Inspection(captures: [Folder.capture])
        #expect(inspection.packets == original.packets)
        #expect(inspection.persisted == original.persisted)
        #expect(inspection.clients == original.clients)
        #expect(both.events.count == whole.events.count)
        #expect(zip(both.events, both.events.dropFirst()).allSatisfy { $0.offset <= $1.offset })
    }
}
