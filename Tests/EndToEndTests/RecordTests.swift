import Foundation
import TestSupport
import Testing
import Traffic

/// `dstune record` as a user runs it, between clients and a broker of other hands.
struct RecordTests {
    private let scratch = ScratchDirectory()

    @Test(
        .enabled(
            if: RealClient.hasMosquitto && Mosquitto.isThere, "needs mosquitto and its clients"),
        arguments: [SIGINT, SIGTERM])
    func signalFinishesTheFile(_ signal: Int32) async throws {
        let broker = try await blocking { try Mosquitto() }
        defer { withExtendedLifetime(broker) {} }
        let out = scratch("out")
        try Data().write(to: URL(fileURLWithPath: out))
        let recorder = try Command.start(
            [
                "record", "--listen", "127.0.0.1:0", "--upstream", "127.0.0.1:\(broker.port)",
                "--output", scratch("live.dstrace"),
            ], in: scratch.path, output: FileHandle(forWritingTo: URL(fileURLWithPath: out)))
        defer { if recorder.isRunning { kill(recorder.processIdentifier, SIGKILL) } }
        func said() throws -> String { try String(contentsOfFile: out, encoding: .utf8) }
        try await wait("it listens") { try said().contains("listening on") }
        let port = try #require(said().split(separator: ",")[0].split(separator: ":").last)

        for number in 0..<3 {
            let outcome = try await blocking {
                try Command.run(
                    [
                        "-p", String(port), "-i", "client\(number)", "-t", "a/b", "-q", "1", "-m",
                        "x",
                        "-u", "user", "-P", "never stored", "-V", "5",
                    ], of: RealClient.publisher, in: scratch.path)
            }
            #expect(outcome.code == 0, "\(outcome.errors)")
        }
        #expect(!FileManager.default.fileExists(atPath: scratch("live.dstrace")))
        kill(recorder.processIdentifier, signal)
        try await blocking { recorder.waitUntilExit() }
        #expect(recorder.terminationStatus == 0)
        #expect(try said().contains("recorded 3 connections"))
        let inspection = try Inspection(captures: [scratch("live.dstrace")])
        #expect(inspection.packets["PUBLISH"] == 3)
        #expect(inspection.packets["PUBACK"] == 3)
        #expect(inspection.packets["DISCONNECT"] == 3)
        #expect(inspection.clients == 3)
    }

    @Test(
        arguments: [
            (["--listen", "nowhere"], "--listen wants ADDRESS:PORT"),
            (["--upstream", "host:99999"], "--upstream wants ADDRESS:PORT"),
            (["--rotate-size", "much"], "--rotate-size wants a size like 256MB"),
            (
                ["--rotate-every", "0s"],
                "--rotate-every wants a size like 256MB or a duration like 1h"
            ),
        ] as [([String], String)]) func badOptionsAreRefused(_ options: [String], _ why: String)
        throws
    {
        let outcome = try Command.run(
            ["record", "--output", "x.dstrace"] + options, in: scratch.path)
        #expect(outcome.code == 2)
        #expect(outcome.complaints.count == 1)
        #expect(outcome.errors.contains(why))
    }

    private func wait(_ what: String, _ isSo: () throws -> Bool) async throws {
        for _ in 0..<500 {
            if try isSo() { return }
            try await Task.sleep(for: .milliseconds(20))
        }
        Issue.record("waited in vain: \(what)")
    }
}
