import Foundation
import TestSupport
import Testing

/// Whatever a user names wrongly ends with exit code 2 and one sentence that says what and what to do.
@Suite struct BadInputTests {
    struct Case: Sendable, CustomTestStringConvertible {
        let testDescription: String
        let file: [UInt8]?
        let arguments: [String]
        /// Must stand in the sentence.
        let named: String

        static let all = [
            Case(
                testDescription: "a file that is no capture", file: Array("XCP\0 NetXRay".utf8),
                arguments: ["inspect", "FILE"], named: "not a pcap or pcapng capture"),
            Case(
                testDescription: "an empty file", file: [], arguments: ["inspect", "FILE"],
                named: "empty"),
            Case(
                testDescription: "a file that is not there", file: nil,
                arguments: ["inspect", "nowhere.pcap"], named: "nowhere.pcap"),
            Case(
                testDescription: "a truncated gzip",
                file: (try? Data(contentsOf: URL(fileURLWithPath: Folder.capture)))
                    .map { Array($0.prefix(200_000)) }, arguments: ["inspect", "FILE"],
                named: "gzip"),
            Case(
                testDescription: "a capture without MQTT", file: emptyCapture,
                arguments: ["inspect", "FILE"], named: "no MQTT"),
            Case(
                testDescription: "a sweep over a capture without MQTT", file: emptyCapture,
                arguments: ["sweep", "FILE", "--emqx", "5.8", "--edition", "ce"], named: "no MQTT"),
            Case(
                testDescription: "the footprint of a file that is no capture",
                file: Array("XCP\0 NetXRay".utf8),
                arguments: ["footprint", "FILE", "--engine", "emqx-5.8-local", "--shards", "2"],
                named: "not a pcap or pcapng capture"),
            Case(
                testDescription: "an unknown engine", file: nil,
                arguments: ["footprint", "CAPTURE", "--engine", "emqx-4", "--shards", "2"],
                named: "emqx-5.8-local"),
            Case(
                testDescription: "no shards", file: nil,
                arguments: ["footprint", "CAPTURE", "--engine", "emqx-5.8-local", "--shards", "0"],
                named: "--shards"),
            Case(
                testDescription: "an unknown knob", file: nil,
                arguments: [
                    "sweep", "CAPTURE", "--emqx", "5.8", "--edition", "ce", "--knobs",
                    "write_bufer_size",
                ], named: "write_buffer_size"),
            Case(
                testDescription: "an unknown version", file: nil,
                arguments: ["sweep", "CAPTURE", "--emqx", "4.4", "--edition", "ce"], named: "5.8"),
            Case(
                testDescription: "an unknown edition", file: nil,
                arguments: ["sweep", "CAPTURE", "--emqx", "5.8", "--edition", "pro"], named: "ce"),
            Case(
                testDescription: "an engine model of another version", file: nil,
                arguments: ["sweep", "CAPTURE", "--emqx", "6.2", "--engine", "emqx-5.8-local"],
                named: "emqx-6.1.1-raft and emqx-6.1.1-local"),
            Case(
                testDescription: "an unknown engine model", file: nil,
                arguments: ["sweep", "CAPTURE", "--emqx", "6.2", "--engine", "emqx-7"],
                named: "emqx-6.1.1-raft"),
            Case(
                testDescription: "a sync that does not exist", file: nil,
                arguments: ["sweep", "CAPTURE", "--emqx", "6.2", "--sync", "interval:0"],
                named: "interval:100"),
            Case(
                testDescription: "a disk model with a wrong key", file: Array("name = x".utf8),
                arguments: ["sweep", "CAPTURE", "--emqx", "6.2", "--disk", "FILE"], named: "input"),
            Case(
                testDescription: "a configuration that cannot be parsed",
                file: Array("durable_storage {".utf8),
                arguments: [
                    "sweep", "CAPTURE", "--emqx", "5.8", "--edition", "ce", "--config", "FILE",
                ], named: "input:1"),
            Case(
                testDescription: "a knob's value in the wrong unit",
                file: Array("durable_storage.messages.local_write_buffer.max_items = \"1MB\"".utf8),
                arguments: [
                    "sweep", "CAPTURE", "--emqx", "5.8", "--edition", "ce", "--config", "FILE",
                ], named: "max_items"),
            Case(
                testDescription: "a start state that is empty and has a size", file: nil,
                arguments: [
                    "sweep", "CAPTURE", "--emqx", "5.8", "--edition", "ce", "--start", "empty",
                    "--start-bytes", "5000000",
                ], named: "contradict"),
            Case(
                testDescription: "a start state of a few bytes", file: nil,
                arguments: [
                    "sweep", "CAPTURE", "--emqx", "5.8", "--edition", "ce", "--start-bytes", "7",
                ], named: "--start empty"),
            Case(
                testDescription: "a backend that the edition does not have",
                file: Array("durable_storage.messages.backend = builtin_raft".utf8),
                arguments: [
                    "sweep", "CAPTURE", "--emqx", "5.8", "--edition", "ce", "--config", "FILE",
                ], named: "no backend builtin_raft"),
            Case(
                testDescription: "a number out of bounds", file: nil,
                arguments: [
                    "sweep", "CAPTURE", "--emqx", "5.8", "--edition", "ce", "--miniature",
                    "18446744073709551615",
                ], named: "--miniature"),
            Case(
                testDescription: "an unknown search method", file: nil,
                arguments: [
                    "sweep", "CAPTURE", "--emqx", "5.8", "--edition", "ce", "--method", "luck",
                ], named: "luck"),
            Case(
                testDescription: "a folder that is no study", file: nil,
                arguments: ["resume", "."], named: "not a study"),
            Case(
                testDescription: "an option that does not exist", file: nil,
                arguments: ["inspect", "CAPTURE", "--colour"], named: "colour"),
        ]

        /// A pcap file header and no frame.
        static let emptyCapture: [UInt8] = [
            0xD4, 0xC3, 0xB2, 0xA1, 2, 0, 4, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF, 0, 0, 1, 0, 0,
            0,
        ]
    }

    @Test(arguments: Case.all) func endsWithOneSentence(_ bad: Case) throws {
        let scratch = ScratchDirectory()
        if let file = bad.file {
            try Data(file).write(to: URL(fileURLWithPath: scratch("input")))
        }
        let arguments = bad.arguments.map {
            $0 == "FILE" ? "input" : $0 == "CAPTURE" ? Folder.capture : $0
        }
        let outcome = try Command.run(arguments, in: scratch.path)
        #expect(outcome.code == 2, "\(outcome.errors)")
        #expect(outcome.complaints.count == 1, "\(outcome.errors)")
        #expect(outcome.errors.contains(bad.named), "\(outcome.errors)")
        #expect(outcome.output.isEmpty)
    }

    @Test(arguments: [["--help"], ["sweep", "--help"], ["inspect", "--help"], ["--version"]])
    func helpIsNoError(_ arguments: [String]) throws {
        let scratch = ScratchDirectory()
        let outcome = try Command.run(arguments, in: scratch.path)
        #expect(outcome.code == 0)
        #expect(!outcome.output.isEmpty)
        #expect(outcome.errors.isEmpty)
    }

    @Test(arguments: ["bash", "zsh", "fish"]) func shellsCanComplete(_ shell: String) throws {
        let scratch = ScratchDirectory()
        let outcome = try Command.run(
            ["--generate-completion-script", shell], in: scratch.path)
        #expect(outcome.code == 0)
        #expect(outcome.output.contains("sweep"))
    }
}
