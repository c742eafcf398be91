import Foundation
import Glibc
import TestSupport
import Testing

/// `dstune convert` as people call it.
@Suite struct ConvertCommandTests {
    @Test func convertsThroughPipes() throws {
        let scratch = ScratchDirectory()
        let shell = URL(fileURLWithPath: "/bin/sh")
        let tool = Command.executable.path
        let command =
            "zcat \(Folder.capture) | \(tool) convert - --to dstrace -o - | \(tool) convert - -o - --to jsonl "
            + "| tee out.jsonl | \(tool) inspect - --format json"
        let outcome = try Command.run(["-c", command], of: shell, in: scratch.path)
        #expect(outcome.code == 0, "\(outcome.errors)")
        #expect(outcome.output.contains("\"PUBLISH\" : 4451"))
        // Who has seen enough ends it without a complaint.
        let head = try Command.run(
            ["-c", "\(tool) convert \(Folder.capture) -o - --to jsonl | head -n 2"], of: shell,
            in: scratch.path)
        #expect(head.output.split(separator: "\n").count == 2 && head.errors.isEmpty)
    }

    @Test func anInterruptedOneLeavesNothing() async throws {
        let scratch = ScratchDirectory()
        // Nobody writes to it, so the conversion waits.
        #expect(mkfifo(scratch("in.jsonl"), 0o600) == 0)
        let writer = open(scratch("in.jsonl"), O_RDWR)
        defer { close(writer) }
        let line = Array(#"{"time":1,"client":"a","type":"PINGREQ"}"#.utf8) + [0x0A]
        #expect(write(writer, line, line.count) == line.count)
        let process = try Command.start(
            ["convert", "in.jsonl", "-o", "out.dstrace"], in: scratch.path)
        func names() throws -> [String] {
            try FileManager.default.contentsOfDirectory(atPath: scratch.path).filter {
                $0 != "in.jsonl"
            }
        }
        for _ in 0..<400 where try names().isEmpty { try await Task.sleep(for: .milliseconds(25)) }
        #expect(try names().count == 1 && names() != ["out.dstrace"])
        kill(process.processIdentifier, SIGINT)
        process.waitUntilExit()
        #expect(process.terminationStatus == 130)
        #expect(try names().isEmpty)
    }

    @Test func whatIsWrongIsSaidInOneSentence() throws {
        let scratch = ScratchDirectory()
        let cases: [(arguments: [String], code: Int32, word: String)] = [
            ([Folder.capture, "-o", "out.bin"], 2, "--to"),
            (["missing.pcap", "-o", "out.dstrace"], 2, "missing.pcap"),
            ([Folder.capture, "-o", "no/such/folder/out.dstrace"], 3, "no/such/folder"),
            ([Folder.capture, "-o", "out.dstrace", "--topic", "a/#/b"], 2, "a/#/b"),
            ([Folder.capture, "-o", "out.dstrace", "--from", "soon"], 2, "from"),
            ([Folder.capture, "-o", "out.dstrace", "--key-file", "k"], 2, "--anonymize"),
            ([Folder.capture, "-o", "out.dstrace", "--anonymize", "--key-file", "k"], 2, "k: "),
        ]
        for test in cases {
            let outcome = try Command.run(["convert"] + test.arguments, in: scratch.path)
            #expect(outcome.code == test.code, "\(test.arguments)")
            #expect(outcome.errors.contains(test.word), "\(outcome.errors)")
            #expect(
                try FileManager.default.contentsOfDirectory(atPath: scratch.path).isEmpty,
                "\(test.arguments)")
        }
    }
}
