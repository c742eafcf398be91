import Foundation
import Storage
import TestSupport
import Testing
import Traffic
import Trial

/// What traces write, compared with what their captures write.
@Suite struct TraceFootprintTests {
    private static let scratch = ScratchDirectory()
    /// The recorded fleet, made anonymous once for all tests.
    private static let made: Void? = try? {
        var conversion = Conversion(to: .dstrace)
        conversion.key = AnonymisationKey(secret: Array("a secret of the tests".utf8))
        _ = try conversion.run([Folder.capture], to: OutputFile(path: scratch("b.dstrace")))
    }()

    static func footprint(_ path: String, _ engine: EngineModel, shards: Int) throws -> Footprint {
        let scratch = ScratchDirectory()
        return try FootprintRun(
            engine: engine, shards: shards, all: true, serializer: nil, directory: scratch.path
        ).run([path])
    }

    /// Fails if an event, an address, a user name or the order of messages is lost on the way into a trace.
    @Test(arguments: [1, 16]) func footprintOfATraceIsThatOfItsCapture(_ shards: Int) throws {
        let scratch = ScratchDirectory()
        _ = try Conversion(to: .dstrace).run(
            [Folder.capture], to: OutputFile(path: scratch("a.dstrace")))
        let before = try Self.footprint(Folder.capture, .emqx58Local, shards: shards)
        let after = try Self.footprint(scratch("a.dstrace"), .emqx58Local, shards: shards)
        #expect(rows(before) == rows(after))
        #expect(before.publishes == after.publishes && before.varyingTopics == after.varyingTopics)
    }

    /// Fails if a name or payload that is replaced changes what is stored: rows and the bytes of values and
    /// of the log stay equal in every shard, and tables within 6 %: names that looked alike look unlike, which
    /// makes them 3 to 4 % larger, and payloads that lie beside them up to 2 %.
    @Test(arguments: [1, 16]) func anonymisedTrafficStoresTheSame(_ shards: Int) throws {
        try #require(Self.made)
        for engine in [EngineModel.emqx58Local, .emqx60Local] {
            let before = try Self.footprint(Folder.capture, engine, shards: shards)
            let after = try Self.footprint(Self.scratch("b.dstrace"), engine, shards: shards)
            #expect(rows(before) == rows(after), "\(engine.id)")
            #expect(before.varyingTopics.count == after.varyingTopics.count)
            let change = Double(after.total.sstBytes) / Double(before.total.sstBytes) - 1
            #expect(abs(change) < 0.06, "\(engine.id): \(change)")
        }
    }

    /// By shard; without tables, whose size depends on the moment too.
    private func rows(_ footprint: Footprint) -> [[String: Int]] {
        footprint.shards.map { shard in
            Dictionary(uniqueKeysWithValues: shard.counts.named.map { ($0.name, $0.value) })
                .filter { $0.key != "sst_bytes" }
        }
    }
}
