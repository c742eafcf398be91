import Foundation
import MQTT
import Measure
import Replay
import TestSupport
import Testing
import Traffic

@Suite struct RecordingTimelineTests {
    /// Fails if reading while replaying finds other steps, times or bytes than reading before.
    @Test func aRecordingIsReplayedAsItsTraceIs() throws {
        let read = try Recording(captures: [Folder.capture])
        let streamed = read.timeline()
        let kept = TraceTimeline(try Trace.load(captures: [Folder.capture]).trace)
        var steps = 0
        while let step = kept.next() {
            let other = try streamed.next()
            try #require(other == step, "step \(steps)")
            #expect(bytes(streamed) == bytes(kept), "step \(steps)")
            steps += 1
        }
        #expect(try streamed.next() == nil)
        #expect(streamed.clients == kept.clients)
        #expect(steps > 2_000)
    }

    private func bytes(_ timeline: any Timeline) -> [UInt8] {
        var bytes: [UInt8] = []
        timeline.withPacket { packet in bytes = packet.withUnsafeBytes { Array($0) } }
        return bytes
    }

    @Test(
        .enabled(if: Folder.hasShared, "the larger capture is kept beside the project"),
        arguments: [
            ("fleet-60.pcap.gz", [1126, 323, 592]), ("fleet-400.pcap.zst", [22_025, 6_857, 2_737]),
        ])
    func onePassHoldsWhatWasOnTheWire(_ name: String, _ publishes: [Int]) throws {
        let path = Folder.shared.appendingPathComponent("captures/\(name)").path
        let tally = try Tally(try Recording(captures: [path]).timeline())
        #expect(tally.publishes == publishes)
        #expect(tally.impossible.isEmpty)
        #expect(tally.isOrdered)
        #expect(tally.stillOpen.isEmpty)
    }

    /// Fails if a file that goes away between two readings ends the replay as if it were over.
    @Test func aFileThatIsGoneIsAnError() throws {
        let scratch = ScratchDirectory()
        try FileManager.default.copyItem(atPath: Folder.capture, toPath: scratch("a.pcap.gz"))
        let recording = try Recording(captures: [scratch("a.pcap.gz")])
        try FileManager.default.removeItem(atPath: scratch("a.pcap.gz"))
        let timeline = recording.timeline()
        #expect(throws: CaptureError.self) { while try timeline.next() != nil {} }
        #expect(throws: CaptureError.self) { _ = try timeline.next() }
    }

    /// Who stops in the middle must not leave a thread behind that waits for room, with the file open.
    @Test func aTimelineThatIsGivenUpLetsItsFileGo() throws {
        let scratch = ScratchDirectory()
        var file = try TraceFile(scratch("long.dstrace"))
        try file.connect(0, "a")
        for _ in 0..<60_000 { try file.publish(0, "t") }
        try file.writer.finish()
        let recording = try Recording(captures: [scratch("long.dstrace")])
        func isOpen() -> Bool {
            let files = try? FileManager.default.contentsOfDirectory(atPath: "/proc/self/fd")
            return (files ?? []).contains {
                let path = try? FileManager.default.destinationOfSymbolicLink(
                    atPath: "/proc/self/fd/\($0)")
                return path == scratch("long.dstrace")
            }
        }
        do {
            let timeline = recording.timeline()
            _ = try timeline.next()
            usleep(200_000)
            #expect(isOpen(), "it waits for room, or the test shows nothing")
        }
        let deadline = MonotonicTime.now() + .seconds(5)
        while isOpen(), MonotonicTime.now() < deadline { usleep(10_000) }
        #expect(!isOpen())
    }

    /// A client whose CONNECT was not recorded gets one before anything else, with its name and its version,
    /// which only later packets tell.
    @Test func whoWasThereBeforeTheRecordingConnects() throws {
        let scratch = ScratchDirectory()
        var capture = try TraceFile(scratch("a.dstrace"))
        capture.open(0)
        try capture.send(.pingreq, on: 0)
        capture.writer.identified(0, clientID: "old", at: capture.time)
        let publish = Publish(topic: "a", properties: [.messageExpiryInterval(5)])
        try capture.send(.publish(publish), on: 0)
        capture.writer.closed(0, version: .v5, .fin, at: capture.time)
        try capture.writer.finish()
        let timeline = try Recording(captures: [scratch("a.dstrace")]).timeline()
        let played = try Played(timeline)
        #expect(
            played.lines == [
                "0.0 old opened", "0.0 old CONNECT", "0.001 old PINGREQ", "0.002 old PUBLISH a q0",
                "0.002 old closed fin",
            ])
        #expect(timeline.clients == [TimelineClient(clientID: "old", connectSeen: false)])
        #expect(played.connects(of: "old").map(\.version) == [.v5])
        #expect(played.wrong == [])
    }

    /// Subscriptions of a session that is older than the recording are made before it, so that what is
    /// published before its client comes back waits for it.
    @Test func anOlderSessionIsThereBeforeTheRecording() throws {
        let scratch = ScratchDirectory()
        var capture = try TraceFile(scratch("a.dstrace"))
        capture.open(0)
        try capture.send(.connect(Connect(version: .v3_1_1, clientID: "s")), on: 0)
        try capture.send(.publish(Publish(topic: "t/1")), on: 0)
        capture.open(1)
        let connect = Connect(version: .v3_1_1, clientID: "archiver", cleanStart: false)
        try capture.send(.connect(connect), on: 1)
        try capture.send(.connack(Connack(sessionPresent: true)), on: 1, .toClient)
        try capture.send(.publish(Publish(topic: "t/1")), on: 1, .toClient)
        capture.close(0)
        capture.close(1)
        try capture.writer.finish()
        let recording = try Recording(captures: [scratch("a.dstrace")])
        #expect(recording.olderSessions == 1)
        let played = try Played(recording.timeline())
        #expect(
            played.lines.prefix(7) == [
                "0.0 archiver opened", "0.0 archiver CONNECT", "0.0 archiver SUBSCRIBE t/1",
                "0.0 archiver DISCONNECT", "0.0 archiver closed disconnect", "0.0 s opened",
                "0.0 s CONNECT",
            ])
        #expect(played.connects(of: "archiver").map(\.cleanStart) == [false, false])
    }

    /// A topic alias that was set before the recording began stands for a topic that nobody knows: sent on, it
    /// would end the connection.
    @Test func anAliasOfUnknownMeaningIsLeftOut() throws {
        let scratch = ScratchDirectory()
        var capture = try TraceFile(scratch("a.dstrace"))
        capture.open(0)
        try capture.send(.publish(Publish(topic: "", properties: [.topicAlias(3)])), on: 0)
        try capture.send(.publish(Publish(topic: "a", properties: [.topicAlias(3)])), on: 0)
        try capture.send(.publish(Publish(topic: "", properties: [.topicAlias(3)])), on: 0)
        capture.close(0)
        try capture.writer.finish()
        let recording = try Recording(captures: [scratch("a.dstrace")])
        #expect(recording.withoutTopic == 1)
        #expect(try Played(recording.timeline()).publishes.map(\.publish.topic) == ["a", ""])
    }

    /// Latencies are those of which the inspection tells.
    @Test func recordedLatenciesAreFound() throws {
        let recording = try Recording(captures: [Folder.capture])
        let counted = try #require(recording.inspection.pubackLatency)
        #expect(recording.times.puback.count == UInt64(counted.count))
        #expect(recording.times.pubrec.count > 500)
        #expect(recording.times.pubcomp.count > 500)
        let delays = recording.subscribers.flatMap { recording.times.acknowledgementDelays(of: $0) }
        #expect(!delays.isEmpty)
    }
}

/// What a recording does not hold, or holds in another way than it was, is said and does not spoil the rest.
@Suite struct RecordingDoubtsTests {
    private let folder = ScratchDirectory()

    /// A capture whose clock was set back must neither begin with a wait of an hour nor send an hour at once.
    @Test func aClockThatIsSetBackGoesOnFromWhereItWas() throws {
        let recording = try TraceFile.recording(in: folder) { file in
            try file.connect(0, "a")
            file.wait(seconds: 10)
            try file.publish(0, "t")
            file.wait(seconds: -3_600)
            try file.publish(0, "t")
            file.wait(seconds: 10)
            try file.publish(0, "t")
        }
        let played = try Played(recording.timeline())
        #expect(
            played.lines.filter { $0.contains("PUBLISH") } == [
                "10.001 a PUBLISH t q0", "10.001 a PUBLISH t q0", "20.002 a PUBLISH t q0",
            ])
        #expect(recording.span == .milliseconds(20_002))
        #expect(recording.doubts.contains { $0.contains("was set back 1 times") })
    }

    /// An hour in a recording of seconds is a clock that was set: nobody is to wait for it unawares.
    @Test func aLongSilenceIsSaid() throws {
        let recording = try TraceFile.recording(in: folder) { file in
            try file.connect(0, "a")
            file.wait(seconds: 3_600)
            try file.publish(0, "t")
        }
        #expect(recording.doubts.contains { $0.contains("nothing happens for 3600 s") })
    }

    @Test func theBrokersDirectionAloneCannotBeReplayed() throws {
        let recording = try TraceFile.recording(in: folder) { file in
            file.open(0)
            try file.send(.publish(Publish(topic: "t")), on: 0, .toClient)
            file.close(0)
        }
        let refusal = TimelinePlan(seed: Seed(1)).refusal(for: recording)
        #expect(refusal?.contains("nothing that clients sent") == true)
    }

    @Test func theClientsDirectionAloneCan() throws {
        let recording = try TraceFile.recording(in: folder) { file in
            try file.connect(0, "a")
            try file.publish(0, "t", qos: 1)
            file.close(0)
        }
        #expect(TimelinePlan(seed: Seed(1)).refusal(for: recording) == nil)
        #expect(recording.doubts.contains { $0.contains("only the clients' direction") })
        #expect(try Played(recording.timeline()).publishes.count == 1)
    }

    /// Subscriptions that somebody wrote down are made before the replay, also of a client that never appears.
    @Test func givenSubscriptionsAreMade() throws {
        let list = "a\tx/#\t2\nabsent\ty\t1\n"
        let given = try GivenSubscriptions(parsing: Data(list.utf8), path: "list")
        var file = try TraceFile(folder("a.dstrace"))
        try file.connect(0, "a", clean: false, .sessionExpiryInterval(60))
        try file.publish(0, "t")
        try file.writer.finish()
        let recording = try Recording(
            captures: [folder("a.dstrace")], options: ReadingOptions(subscriptions: given))
        let played = try Played(recording.timeline())
        #expect(
            played.lines.filter { $0.contains("SUBSCRIBE") } == [
                "0.0 a SUBSCRIBE x/#", "0.0 absent SUBSCRIBE y",
            ])
        #expect(played.connects(of: "absent").map(\.version) == [.v3_1_1])
        #expect(played.connects(of: "absent").map(\.cleanStart) == [false])
        #expect(played.connects(of: "a").count == 2)
    }

    /// A capture that ends in the middle of a packet is replayed up to its last whole one.
    @Test func aCaptureThatIsCutOffIsReplayedAsFarAsItGoes() throws {
        var bytes = try DecodingCount.decompressed(Folder.capture)
        bytes.removeLast(bytes.count / 3)
        try Data(bytes).write(to: URL(fileURLWithPath: folder("cut.pcap")))
        let recording = try Recording(captures: [folder("cut.pcap")])
        let tally = try Tally(recording.timeline())
        #expect(tally.publishes[0] > 300 && tally.publishes[0] < 1_126)
        #expect(tally.impossible.isEmpty)
        #expect(tally.stillOpen.isEmpty)
        #expect(recording.doubts.contains { $0.contains("was cut off") })
    }
}
