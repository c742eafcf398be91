import Foundation
import MQTT
import Testing
import Traffic

/// Recorded traffic against what another decoder made of it.
struct GoldenTests {
    private static let root = URL(fileURLWithPath: #filePath)
        .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
    static let bundled = root.appendingPathComponent("Profiles/captures/fleet-60.pcap.gz")
        .path
    static let shared = root.deletingLastPathComponent().appendingPathComponent("shared/captures")
        .path
    static let hasShared = FileManager.default.fileExists(atPath: shared + "/EXPECTED.tsv")

    @Test func bundledCaptureIsDecodedExactly() throws {
        let (trace, inspection) = try Trace.load(captures: [Self.bundled])
        let expected = [
            "CONNECT": 99, "CONNACK": 99, "PUBLISH": 4_451, "PUBACK": 1_329, "PUBREC": 1_014,
            "PUBREL": 1_014, "PUBCOMP": 1_014,
            "SUBSCRIBE": 5, "SUBACK": 5, "UNSUBSCRIBE": 0, "UNSUBACK": 0, "PINGREQ": 49,
            "PINGRESP": 49, "DISCONNECT": 61, "AUTH": 0,
        ]
        #expect(inspection.packets == expected)
        #expect(inspection.tcpStreams == 99)
        #expect(inspection.malformedPackets == 0)
        #expect(inspection.quality.verdict == .good)
        #expect(inspection.publish.retain == 644)
        let sent = try trace.publishes()
        #expect(QoS.allCases.map { qos in sent.count { $0.qos == qos } } == [1_126, 323, 592])
        #expect(inspection.persisted.matchedPublishes == 2_041)
        #expect(inspection.persisted.unmatchedPublishes == 0)
        // What sensors were told to do wrong is in SinsTests.
        #expect(inspection.findings.first { $0.rule == "contradictory_clean" }?.count == 3)
        #expect(trace.connections.allSatisfy { $0.connectSeen })
        #expect(trace.connections.count == 99)
    }

    struct Row {
        let file: String
        let streams: Int
        let packets: [Int: Int]
        let qos: [Int]
        let retain: Int

        init?(_ line: Substring) {
            let fields = line.split(separator: "\t").map(String.init)
            guard fields.count == 6, let streams = Int(fields[1]), let retain = Int(fields[5])
            else { return nil }
            let pairs = fields[3].split(separator: " ").map {
                $0.split(separator: ":").compactMap { Int($0) }
            }
            file = fields[0]
            self.streams = streams
            self.retain = retain
            packets = Dictionary(uniqueKeysWithValues: pairs.map { ($0[0], $0[1]) })
            qos = fields[4].split(separator: "/").compactMap { Int($0) }
        }
    }

    static func rows() throws -> [Row] {
        try String(contentsOfFile: shared + "/EXPECTED.tsv", encoding: .utf8).split(separator: "\n")
            .compactMap { Row($0) }
    }

    /// Where the other decoder's count is not what was on the wire: packet type → our number.
    private static let differences:
        [String: (packets: [Int: Int], qos: [Int], malformed: Int, why: String)] = [
            "wild/suricata__mqtt-events-invalid-qos.pcap":
                (
                    [1: 1, 2: 1, 14: 1], [0, 0, 0], 1,
                    "a PUBLISH at QoS 3 is malformed and no PUBLISH"
                ),
            "wild/suricata__mqtt5-excessiveproplen.pcap":
                (
                    [2: 1, 3: 1, 14: 1], [1, 0, 0], 1,
                    "the CONNECT says its properties are longer than it is"
                ),
            "wild/suricata__mqtt-events-missing-connect.pcap": (
                [1: 1, 2: 2, 3: 3, 4: 1, 5: 2, 6: 2, 7: 2, 8: 3, 9: 3, 14: 2], [0, 1, 2], 0,
                "what the client sent after its lost CONNECT is found again; the other decoder drops all of it"
            ),
        ]

    // Skipped where the recordings are not at hand: they are not ours to copy.
    @Test(.enabled(if: hasShared)) func everyRecordingIsDecodedAsExpected() throws {
        let rows = try Self.rows()
        #expect(rows.count == 15)
        for row in rows {
            let inspection = try Inspection(captures: [Self.shared + "/" + row.file])
            let found = PacketType.allCases.reduce(into: [Int: Int]()) {
                let count = inspection.packets[$1.name] ?? 0
                if count > 0 { $0[Int($1.rawValue)] = count }
            }
            let difference = Self.differences[row.file]
            #expect(found == difference?.packets ?? row.packets, "\(row.file)")
            let publish = inspection.publish
            #expect(
                [publish.qos0, publish.qos1, publish.qos2] == difference?.qos ?? row.qos,
                "\(row.file)")
            #expect(inspection.malformedPackets == difference?.malformed ?? 0, "\(row.file)")
            #expect(inspection.tcpStreams == row.streams, "\(row.file)")
            #expect(publish.retain == row.retain, "\(row.file)")
        }
    }

    // Skipped where the recordings are not at hand: they are not ours to copy.
    @Test(.enabled(if: hasShared)) func otherFormatIsRefusedByName() throws {
        let path = Self.shared + "/wild/pradeesi__mqtt_packets_Windows.cap"
        do throws(CaptureError) {
            _ = try Inspection(captures: [path])
            Issue.record("accepted")
        } catch {
            #expect(
                "\(error)"
                    == "\(path): not a pcap or pcapng capture (starts with 58435000, a NetXRay file); "
                    + "convert it with `editcap -F pcap`"
            )
        }
    }
}
