import Layout
import MQTT
import Measure
import Storage
import TestSupport
import Testing

/// Packet identifiers of QoS 2 that are kept with their messages: one write decides both.
@Suite struct HandshakeTests {
    private static func options() -> StoreOptions {
        var options = StoreOptions.test()
        options.engine.sessions = .beforePromise
        options.durability = Durability(acknowledgement: .onCommit, sync: .none)
        return options
    }

    private static func submit(
        _ id: UInt16, from client: String, to store: ShardedStore
    ) throws {
        let topic = Array("a/b".utf8)
        store.submit(
            Submission(
                qos: .exactlyOnce, retain: false, intended: .now(),
                timestamp: Int64(wallClockMilliseconds()),
                handshake: .awaitsRelease(try #require(PacketID(id)))),
            from: publisher(client, shards: store.shards, store.format), topic: topic.span.bytes,
            properties: RawSpan(), payload: topic.span.bytes)
    }

    private static func awaited(in store: ShardedStore) throws -> Set<String> {
        var found: Set<String> = []
        try store.forEachAwaitedRelease { client, id in found.insert("\(client) \(id.rawValue)") }
        return found
    }

    /// Fails if an identifier is not there after a restart, if another client's goes with it, or if it counts as a
    /// message.
    @Test func whatWasFreedIsGoneAndTheRestIsThere() throws {
        let scratch = ScratchDirectory()
        do {
            let store = try ShardedStore(at: scratch("data"), Self.options(), on: RocksEngine())
            #expect(store.keepsHandshakes)
            // One identifier begins like another's name and number.
            for (client, id) in [("c", 1), ("c", 258), ("c\u{1}", 2), ("d", 65_535)]
                as [(String, UInt16)]
            {
                try Self.submit(id, from: client, to: store)
            }
            store.free(
                try #require(PacketID(258)),
                of: publisher("c", shards: store.shards, store.format))
            store.close()
            #expect(store.committed == 4)
            #expect(store.depth == 0)
        }
        let store = try ShardedStore(at: scratch("data"), Self.options(), on: RocksEngine())
        defer { store.close() }
        #expect(try Self.awaited(in: store) == ["c 1", "c\u{1} 2", "d 65535"])
        #expect(try store.rows(matching: "#").count == 4)
    }

    /// A free identifier is decided like a message: whoever waits for it is told. Fails if a batch that frees and
    /// stores nothing is never closed.
    @Test func freeingAloneIsDecided() throws {
        let scratch = ScratchDirectory()
        let store = try ShardedStore(at: scratch("data"), Self.options(), on: RocksEngine())
        defer { store.close() }
        let receipt = store.free(
            try #require(PacketID(7)), of: publisher("c", shards: store.shards, store.format))
        var decided = 0
        let end = MonotonicTime.now() + .seconds(30)
        while decided < receipt.position, MonotonicTime.now() < end {
            for settlement in store.takeSettled() where settlement.lane == receipt.lane {
                #expect(settlement.refusal == nil)
                decided = settlement.through
            }
        }
        #expect(decided == receipt.position)
    }

    /// Engines that keep identifiers with the session's state do not keep them here as well.
    @Test func enginesOfEMQXKeepThemElsewhere() throws {
        let scratch = ScratchDirectory()
        let store = try ShardedStore(at: scratch("data"), .test(), on: RocksEngine())
        defer { store.close() }
        #expect(!store.keepsHandshakes)
    }
}
