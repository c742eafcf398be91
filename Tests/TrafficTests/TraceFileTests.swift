import Foundation
import MQTT
import Measure
import TestSupport
import Testing
import Traffic

/// A trace says what the captures said that it was made of.
@Suite struct TraceFileTests {
    static let captures: [String] = {
        let shared = Folder.shared.appendingPathComponent("captures").path
        let wild = (try? FileManager.default.contentsOfDirectory(atPath: shared + "/wild")) ?? []
        return [Folder.capture]
            + wild.sorted().filter { $0.hasSuffix("pcap") || $0.hasSuffix("pcapng") }
            .map { shared + "/wild/" + $0 }
    }()

    /// Fails if an event, a counter or a place of trouble is lost on the way.
    @Test(arguments: captures) func inspectionOfATraceIsThatOfItsCapture(_ capture: String) throws {
        let scratch = ScratchDirectory()
        let original = try content(Inspection(captures: [capture]))
        for name in ["a.dstrace", "a.jsonl"] {
            try convert([capture], to: scratch(name))
            #expect(try content(Inspection(captures: [scratch(name)])) == original, "\(name)")
        }
    }

    /// Fails if lines of JSON cannot say how a packet lay on the wire, or if a trace depends on the way.
    @Test(arguments: captures) func everyWayLeadsToTheSameBytes(_ capture: String) throws {
        let scratch = ScratchDirectory()
        try convert([capture], to: scratch("a.dstrace"))
        try convert([scratch("a.dstrace")], to: scratch("b.jsonl"))
        try convert([scratch("b.jsonl")], to: scratch("c.dstrace"))
        try convert([capture], to: scratch("d.jsonl"))
        #expect(try bytes(scratch("a.dstrace")) == bytes(scratch("c.dstrace")))
        #expect(try bytes(scratch("b.jsonl")) == bytes(scratch("d.jsonl")))
    }

    @Test func replayOfATraceIsThatOfItsCapture() throws {
        let scratch = ScratchDirectory()
        try convert([Folder.capture], to: scratch("a.dstrace"))
        let (original, _) = try Trace.load(captures: [Folder.capture])
        let (copy, _) = try Trace.load(captures: [scratch("a.dstrace")])
        #expect(copy.connections == original.connections)
        #expect(copy.packets == original.packets)
        #expect(copy.events.elementsEqual(original.events))
    }

    @Test func onlyItsOwnerReadsIt() throws {
        let scratch = ScratchDirectory()
        for name in ["a.dstrace", "a.jsonl"] {
            try convert([Folder.capture], to: scratch(name))
            let mode = try FileManager.default.attributesOfItem(atPath: scratch(name))[
                .posixPermissions]
            #expect(mode as? Int == 0o600)
        }
        #expect(try FileManager.default.contentsOfDirectory(atPath: scratch.path).count == 2)
    }

    /// Fails if the password of a CONNECT or the data of extended authentication get into a file.
    @Test func secretsStayBehind() throws {
        let scratch = ScratchDirectory()
        var maker = try EventMaker(scratch("a.dstrace"))
        let connect = Connect(
            version: .v5, clientID: "sensor", username: "user-name", hasPassword: true,
            properties: [
                .authenticationMethod("SCRAM"), .authenticationData(Array("s3cret-a".utf8)),
            ])
        var first: [UInt8] = []
        connect.write(to: &first, password: Array("s3cret-p".utf8))
        maker.open(0)
        try maker.send(first, on: 0)
        try maker.send(
            .auth(
                Auth(reasonCode: 0x18, properties: [.authenticationData(Array("s3cret-b".utf8))])),
            on: 0)
        try maker.send(
            .connack(Connack(properties: [.authenticationData(Array("s3cret-c".utf8))])), on: 0,
            .toClient)
        try maker.writer.finish()
        try convert([scratch("a.dstrace")], to: scratch("a.jsonl"))
        let text = try String(contentsOfFile: scratch("a.jsonl"), encoding: .utf8)
        #expect(!text.contains("s3cret") && !text.contains("authentication_data"))
        #expect(text.contains("user-name") && text.contains("\"has_password\":true"))
        #expect(text.contains("\"type\":\"AUTH\""))
    }

    /// Fails if memory or numbers of a rotated trace depend on the file: a connection that goes on must
    /// stay one connection, and be told once.
    @Test func connectionsGoOnInTheNextFile() throws {
        let scratch = ScratchDirectory()
        var maker = try EventMaker(scratch("1.dstrace"))
        maker.open(0)
        maker.open(1, port: 50_001)
        try maker.send(.connect(Connect(version: .v5, clientID: "a")), on: 0)
        try maker.send(.connect(Connect(version: .v5, clientID: "b")), on: 1)
        try maker.send(.reading("site/1"), on: 0)
        maker.close(1)
        maker.writer.rotate(to: try OutputFile(path: scratch("2.dstrace")))
        try maker.send(.reading("site/2"), on: 0)
        maker.open(2, port: 50_002)
        try maker.send(.connect(Connect(version: .v5, clientID: "c")), on: 2)
        maker.close(0, .reset)
        try maker.writer.finish()
        // In any order, as a shell lists them.
        let files = [scratch("2.dstrace"), scratch("1.dstrace")]
        let inspection = try Inspection(captures: files)
        #expect(inspection.connections == 3 && inspection.clients == 3)
        #expect(inspection.quality.connectionsWithoutConnect == 0)
        let (trace, _) = try Trace.load(captures: files)
        #expect(trace.connections.map(\.clientID) == ["a", "b", "c"])
        #expect(try trace.publishes().map(\.topic) == ["site/1", "site/2"])
        #expect(trace.events.compactMap(\.ending) == [.fin, .reset, .endOfCapture])
        // The second alone: who it is stays known.
        let (second, alone) = try Trace.load(captures: [scratch("2.dstrace")])
        #expect(second.connections.map(\.clientID) == ["a", "c"])
        #expect(alone.connections == 1 || alone.connections == 2)
    }

    /// Fails if a writer goes on after the disk refused, or forgets to say so.
    @Test func whatCannotBeWrittenIsToldAtTheEnd() throws {
        var writer = TraceWriter(try OutputFile(path: "/dev/full"))
        #expect(!writer.wantsMore && writer.failure?.errno == ENOSPC)
        #expect(throws: WriteError.self) { try writer.finish() }
    }

    @Test func anUnfinishedFileLeavesNothing() throws {
        let scratch = ScratchDirectory()
        do {
            var maker = try EventMaker(scratch("a.dstrace"))
            maker.open(0)
            maker.writer.flush()
            #expect(try FileManager.default.contentsOfDirectory(atPath: scratch.path).count == 1)
        }
        #expect(try FileManager.default.contentsOfDirectory(atPath: scratch.path).isEmpty)
    }
}
