import Foundation
import MQTT
import Measure
import TestSupport
import Testing
import Traffic

/// Lines of JSON: what dstune writes, and what people make of their logs.
@Suite struct JSONLinesTests {
    /// Fails if any packet of any version comes back from a line as other bytes, also where it was not
    /// spelled in the shortest way.
    @Test(arguments: [1, 20_251_125, 77] as [UInt64])
    func everyPacketComesBackByteForByte(_ root: UInt64) throws {
        let scratch = ScratchDirectory()
        var maker = try EventMaker(scratch("a.dstrace"))
        var random = RandomPacket(seed: Seed(root))
        for (connection, version) in ProtocolVersion.allCases.enumerated() {
            maker.open(connection, port: UInt16(50_000 + connection))
            for type in PacketType.allCases where version == .v5 || type != .auth {
                for round in 0..<12 {
                    var bytes = random.packet(type, version).bytes(version)
                    // Remaining Length with a byte more than it needs, as some small devices write it.
                    if version < .v5, round == 0, bytes[1] < 0x80 {
                        bytes.replaceSubrange(1..<2, with: [bytes[1] | 0x80, 0])
                    }
                    // A reason code that need not be there.
                    if version == .v5, round == 1, type == .puback {
                        bytes = [0x40, 4, 0, 9, 0, 0]
                    }
                    try maker.send(
                        bytes, on: connection, Self.direction(type, round), version: version)
                }
            }
            maker.close(connection)
        }
        try maker.writer.finish()
        try convert([scratch("a.dstrace")], to: scratch("b.jsonl"))
        try convert([scratch("b.jsonl")], to: scratch("c.dstrace"))
        #expect(try bytes(scratch("a.dstrace")) == bytes(scratch("c.dstrace")), "seed \(root)")
    }

    private static func direction(_ type: PacketType, _ round: Int) -> Direction {
        switch type {
        case .connect, .subscribe, .unsubscribe, .pingreq, .disconnect: .toBroker
        case .connack, .suback, .unsuback, .pingresp: .toClient
        default: round % 2 == 0 ? .toBroker : .toClient
        }
    }

    /// What the log does not hold and the protocol demands.
    @Test func oneLineIsEnough() throws {
        let scratch = ScratchDirectory()
        let line =
            #"{"time":1767225600.25,"client":"a","type":"PUBLISH","topic":"site/1","qos":1,"payload":"21.5"}"#
        try write(line + "\n", to: scratch("log.jsonl"))
        let (trace, inspection) = try Trace.load(captures: [scratch("log.jsonl")])
        let there = inspection.packets.filter { $0.value > 0 }
        #expect(there == ["CONNECT": 1, "CONNACK": 1, "PUBLISH": 1, "PUBACK": 1])
        #expect(trace.connections.map(\.clientID) == ["a"])
        #expect(try trace.publishes().map(\.topic) == ["site/1"])
        // Nobody recorded the CONNECT, and the inspection says so.
        #expect(inspection.quality.connectionsWithoutConnect == 1)
        try convert([scratch("log.jsonl")], to: scratch("b.jsonl"))
        let text = try lines(scratch("b.jsonl"))
        #expect(text.filter { $0.contains("\"inferred\":true") }.count == 3)
        #expect(text[0].contains("2026-01-01T00:00:00.250000000Z"))
    }

    @Test func whatALogHoldsIsNotInferred() throws {
        let scratch = ScratchDirectory()
        try write(
            """
            {"time":"2026-01-01T00:00:00Z","client":"a","type":"CONNECT","version":"5.0","clean_start":false,"properties":{"session_expiry_interval":3600},"x_node":"emqx@10.0.0.1"}
            {"time":"2026-01-01T00:00:00.1Z","client":"a","type":"CONNACK"}

            {"time":"2026-01-01T00:00:01+01:00","client":"b","type":"PUBLISH","topic":"cmd/1","qos":2,"payload_base64":"AAEC"}
            {"time":"2026-01-01T00:00:02","client":"a","type":"subscribe","filter":"site/#","qos":1}
            {"time":1767225603,"client":"a","type":"PUBLISH","topic":"site/1","qos":1,"packet_id":7,"payload":3}
            {"time":1767225604000,"client":"a","type":"PUBACK","packet_id":7}
            {"time":1767225605,"client":"a","type":"DISCONNECT"}
            {"time":1767225606,"client":"a","type":"CONNECT","version":"5.0"}
            """, to: scratch("log.jsonl"))
        let inspection = try Inspection(captures: [scratch("log.jsonl")])
        let there = inspection.packets.filter { $0.value > 0 }
        #expect(
            there == [
                "CONNECT": 3, "CONNACK": 3, "PUBLISH": 2, "PUBACK": 1, "PUBREC": 1, "PUBREL": 1,
                "PUBCOMP": 1, "SUBSCRIBE": 1, "SUBACK": 1, "DISCONNECT": 1,
            ])
        #expect(inspection.connections == 3 && inspection.clients == 2)
        #expect(inspection.quality.connectionsWithoutConnect == 1)
        // The subscription of a durable session is known.
        #expect(inspection.persisted.matchedPublishes == 1)
    }

    struct Bad: Sendable, CustomTestStringConvertible {
        let line: String
        let says: [String]
        var testDescription: String { line }

        init(_ line: String, _ says: String...) { (self.line, self.says) = (line, says) }
    }

    static let head = #""time":1767225600,"client":"a","#
    static let bad = [
        Bad("{", "column 2"), Bad("[1]", "a list", "one object a line"),
        Bad("{\"time\":1} x", "more comes after"), Bad("nonsense", "no JSON"),
        Bad(#"{"time":1,"client":"a"}"#, "\"type\"", "missing"),
        Bad(#"{"type":"PUBLISH","client":"a"}"#, "\"time\"", "2026-01-31"),
        Bad(#"{"time":"yesterday","client":"a","type":"PINGREQ"}"#, "\"time\""),
        Bad(#"{"time":1,"type":"PINGREQ"}"#, "\"client\"", "missing"),
        Bad("{\(head)\"type\":\"PUBLISCH\"}", "\"type\"", "no packet of MQTT"),
        Bad("{\(head)\"type\":\"PUBLISH\"}", "\"topic\"", "missing"),
        Bad("{\(head)\"type\":\"PUBLISH\",\"topic\":\"a\",\"qos\":3}", "\"qos\"", "0, 1 or 2"),
        Bad("{\(head)\"type\":\"PUBLISH\",\"topic\":\"a/#\"}", "wildcard"),
        Bad(
            "{\(head)\"type\":\"PUBLISH\",\"topic\":\"a\",\"paylod\":\"\"}", "\"paylod\"",
            "x_paylod"),
        Bad(
            "{\(head)\"type\":\"PUBLISH\",\"topic\":\"a\",\"payload\":{}}", "\"payload\"", "base64"),
        Bad("{\(head)\"type\":\"PUBLISH\",\"topic\":\"a\",\"payload_base64\":\"?\"}", "RFC 4648"),
        Bad("{\(head)\"type\":\"PUBLISH\",\"topic\":\"a\",\"dup\":true}", "\"dup\"", "QoS 0"),
        Bad("{\(head)\"type\":\"PUBLISH\",\"topic\":\"a\",\"topic\":\"b\"}", "there twice"),
        Bad(
            "{\(head)\"type\":\"PUBLISH\",\"topic\":\"a\",\"properties\":{}}", "\"properties\"",
            "5.0"),
        Bad(
            "{\(head)\"version\":\"5.0\",\"type\":\"PUBLISH\",\"topic\":\"a\",\"properties\":{\"topic_alias\":0}}",
            "\"properties.topic_alias\""),
        Bad(
            "{\(head)\"version\":\"5.0\",\"type\":\"PUBLISH\",\"topic\":\"a\",\"properties\":{\"topic_alias\":[1,2]}}",
            "\"properties.topic_alias\""),
        Bad("{\(head)\"version\":6,\"type\":\"CONNECT\"}", "\"version\"", "3.1.1"),
        Bad("{\(head)\"type\":\"CONNECT\",\"password\":\"x\"}", "\"password\"", "never stored"),
        Bad("{\(head)\"type\":\"PUBACK\"}", "\"packet_id\"", "1 to 65535"),
        Bad("{\(head)\"type\":\"PUBACK\",\"packet_id\":0}", "\"packet_id\""),
        Bad("{\(head)\"type\":\"PUBACK\",\"packet_id\":70000}", "\"packet_id\"", "65535"),
        Bad("{\(head)\"type\":\"SUBSCRIBE\"}", "\"filter\"", "missing"),
        Bad("{\(head)\"type\":\"SUBSCRIBE\",\"filter\":\"a/#/b\"}", "#"),
        Bad("{\(head)\"type\":\"AUTH\"}", "5.0"),
        Bad("{\(head)\"type\":\"CONNACK\",\"direction\":\"to_broker\"}", "\"direction\""),
        Bad("{\(head)\"type\":\"PINGREQ\",\"peer\":\"here\"}", "\"peer\"", "192.0.2.7"),
        Bad("{\(head)\"type\":\"PINGREQ\",\"bytes\":\"4AA=\"}", "\"bytes\"", "PINGREQ"),
        Bad("{\(head)\"type\":\"PUBLISH\",\"topic\":\"\\ud800\"}", "half a character"),
        Bad("{\(head)\"type\":\"PUBLISH\",\"topic\":\"\\u0000\"}", "U+0000"),
    ]

    /// Fails if a mistake in a log ends the program, or is told without its place and what to do.
    @Test(arguments: bad) func mistakesAreNamed(_ bad: Bad) throws {
        let scratch = ScratchDirectory()
        let good = "{\(Self.head)\"type\":\"PINGREQ\"}\n\n"
        try write(good + bad.line + "\n", to: scratch("log.jsonl"))
        let failure = try #require(try conversionFailure(scratch("log.jsonl")))
        #expect(failure.contains("log.jsonl: line 3: ") && failure.contains("; "), "\(failure)")
        for word in bad.says { #expect(failure.contains(word), "\(failure)") }
    }

    /// Fails if chance in a line can end the program.
    @Test func mutatedLinesEndNothing() throws {
        let scratch = ScratchDirectory()
        try convert([Folder.capture], to: scratch("a.jsonl")) {
            $0.selection.to = .offset(400_000_000)
        }
        let whole = try bytes(scratch("a.jsonl"))
        var seed = Seed(9)
        for _ in 0..<60 {
            var damaged = whole
            for _ in 0..<3 {
                damaged[Int.random(in: damaged.indices, using: &seed)] =
                    UInt8.random(in: 0x20...0x7E, using: &seed)
            }
            try Data(damaged).write(to: URL(fileURLWithPath: scratch("bad.jsonl")))
            if let failure = try conversionFailure(scratch("bad.jsonl")) {
                #expect(failure.contains("line "), "\(failure)")
            }
        }
    }

    @Test func timesKeepTheirNanoseconds() throws {
        let scratch = ScratchDirectory()
        let times = [
            "\"1970-01-01T00:00:00.000000001Z\"", "\"2000-02-29T23:59:59.999999999Z\"",
            "\"2024-02-29T12:00:00+05:30\"", "1767225600.123456789", "1767225600123456789",
            "1767225600123.5",
        ]
        let text = times.enumerated().map {
            "{\"time\":\($1),\"client\":\"\($0)\",\"type\":\"PINGREQ\"}"
        }
        try write(text.joined(separator: "\n"), to: scratch("log.jsonl"))
        try convert([scratch("log.jsonl")], to: scratch("b.jsonl"))
        let opened = try lines(scratch("b.jsonl")).filter { $0.contains("OPEN") }
        let expected = [
            "1970-01-01T00:00:00.000000001Z", "2000-02-29T23:59:59.999999999Z",
            "2024-02-29T06:30:00.000000000Z", "2026-01-01T00:00:00.123456789Z",
            "2026-01-01T00:00:00.123456789Z", "2026-01-01T00:00:00.123500000Z",
        ]
        #expect(opened.map { String($0.dropFirst(9).prefix(30)) } == expected)
    }
}
