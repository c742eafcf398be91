import Foundation
import TestSupport
import Testing

@Suite struct InspectTests {
    /// The row of `fleet-60` in the table of what tshark 4.0.17 decodes, restated.
    @Test func theBundledCaptureHoldsWhatAnotherDecoderFinds() throws {
        let scratch = ScratchDirectory()
        let outcome = try Command.run(
            ["inspect", Folder.capture, "--format", "json"], in: scratch.path)
        #expect(outcome.code == 0)
        #expect(outcome.errors.isEmpty)
        let json = try #require(
            try JSONSerialization.jsonObject(with: Data(outcome.output.utf8)) as? [String: Any])
        #expect(json["tcp_streams"] as? Int == 99)
        let expected = [
            "CONNECT": 99, "CONNACK": 99, "PUBLISH": 4451, "PUBACK": 1329, "PUBREC": 1014,
            "PUBREL": 1014, "PUBCOMP": 1014, "SUBSCRIBE": 5, "SUBACK": 5, "UNSUBSCRIBE": 0,
            "UNSUBACK": 0, "PINGREQ": 49, "PINGRESP": 49, "DISCONNECT": 61, "AUTH": 0,
        ]
        #expect(json["packets"] as? [String: Int] == expected)
        let publish = try #require(json["publish"] as? [String: Any])
        #expect(publish["qos0"] as? Int == 2106)
        #expect(publish["qos1"] as? Int == 1331)
        #expect(publish["qos2"] as? Int == 1014)
        #expect(publish["retain"] as? Int == 644)
        #expect(json["malformed_packets"] as? Int == 0)
        let persisted = try #require(json["persisted"] as? [String: Any])
        // Clients published 1126 + 323 + 592 messages; the archiver's durable session wants them all.
        #expect(persisted["matched_publishes"] as? Int == 2041)
        #expect(persisted["source"] as? String == "capture")
    }

    @Test func theTextIsForPeopleAndWithoutColourWhenItIsNotShownToOne() throws {
        let scratch = ScratchDirectory()
        let outcome = try Command.run(["inspect", Folder.capture], in: scratch.path)
        #expect(outcome.code == 0)
        #expect(outcome.output.contains("PUBLISH"))
        #expect(!outcome.output.contains("\u{1B}["))
    }

    /// Through a pipe it is the same, compressed or not.
    @Test(arguments: ["cat", "zcat"]) func standardInputIsReadLikeAFile(_ command: String) throws {
        let scratch = ScratchDirectory()
        let outcome = try Command.run(
            [
                "-c",
                "\(command) \(Folder.capture) | \(Command.executable.path) inspect - --format json",
            ],
            of: URL(fileURLWithPath: "/bin/sh"), in: scratch.path)
        #expect(outcome.code == 0, "\(outcome.errors)")
        let json = try #require(
            try JSONSerialization.jsonObject(with: Data(outcome.output.utf8)) as? [String: Any])
        #expect((json["packets"] as? [String: Int])?["PUBLISH"] == 4451)
        let captures = try #require(json["captures"] as? [[String: Any]])
        #expect(captures.first?["path"] as? String == "standard input")
    }

    @Test func emptyStandardInputIsBadInput() throws {
        let scratch = ScratchDirectory()
        let outcome = try Command.run(["inspect", "-"], in: scratch.path)
        #expect(outcome.code == 2)
        #expect(outcome.complaints.first?.contains("standard input: the file is empty") == true)
    }
}
