import Foundation
import Knobs
import Layout
import MQTT
import Measure
import Storage
import TestSupport
import Testing

/// `dstune diagnose` on directories that each engine model wrote: what it finds is what that model writes.
@Suite struct DiagnoseEnginesTests {
    /// An engine and a format of rows that it can be told to write.
    struct Case: Sendable, CustomTestStringConvertible {
        let engine: EngineModel
        let format: RowFormat
        var testDescription: String {
            "\(engine.id), \(format.values.rawValue), \(format.atoms.rawValue)"
        }

        init(_ engine: EngineModel, _ change: (inout RowFormat) -> Void = { _ in }) {
            self.engine = engine
            var format = engine.format
            change(&format)
            self.format = format
        }

        static let all =
            EngineModel.catalogue.map { Case($0) } + [
                Case(.emqx58Local) { $0.values = .asn1 },
                Case(.emqx58Local) { $0.atoms = .otp25 },
                Case(.emqx58Local) { ($0.values, $0.atoms) = (.asn1, .otp25) },
                Case(.emqx60Local) { $0.atoms = .otp25 },
            ]

        func options(shards: Int64) -> StoreOptions {
            var setting = engine.standardSetting
            for (id, value) in [
                "n_shards": shards, "local_write_buffer.flush_interval": 5,
            ] { setting[id] = value }
            return StoreOptions(engine: engine, setting: setting, format: format)
        }
    }

    /// With none to three varying levels; short payloads, and some that are in several fragments in ASN.1.
    static let messages: [Message] = (0..<420).map { number in
        let topic =
            switch number % 4 {
            case 0: "plant/\(number % 7)"
            case 1: "site/\(number % 60)/state"
            case 2: "dev/\(number)/m/\(number + 1)/\(number % 91)"
            default: "$s//\(number % 50)/"
            }
        var payload = Array("\(number):reading".utf8)
        if number % 60 == 7 { payload += [UInt8](repeating: 7, count: 16_384 + number * 200) }
        return Message(
            client: "client-\(number % 13)", topic: topic,
            qos: number % 2 == 0 ? .atLeastOnce : .exactlyOnce,
            properties: number % 13 < 2
                ? [.userProperty("unit", "K"), .messageExpiryInterval(70_000)] : [],
            payload: payload)
    }

    /// Of every second client: with a user name and an address of IPv6.
    private static func publisher(_ client: String, _ store: ShardedStore) throws -> Publisher {
        let plain = StorageTests.publisher(client, shards: store.shards, store.format)
        guard client.utf8.last ?? 0 & 1 == 1 else { return plain }
        let peer = try #require(
            PeerAddress(bytes: [0x20, 1] + Array(repeating: 0, count: 13) + [9], port: 40_001))
        return Publisher(
            PublisherHeader(
                clientID: client, peer: peer, version: .v3_1_1, username: "user",
                format: store.format), shard: plain.shard)
    }

    static func submit(_ messages: some Sequence<Message>, to store: ShardedStore) throws {
        for message in messages {
            guard message.properties.isEmpty else {
                store.submit(message)
                continue
            }
            let topic = Array(message.topic.utf8)
            store.submit(
                Submission(
                    qos: message.qos, retain: true, intended: .now(),
                    timestamp: Int64(wallClockMilliseconds())),
                from: try publisher(message.client, store), topic: topic.span.bytes,
                properties: RawSpan(), payload: message.payload.span.bytes)
        }
    }

    static func write(_ example: Case, to path: String) throws {
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
        let store = try ShardedStore(at: path, example.options(shards: 2), on: RocksEngine())
        try submit(messages, to: store)
        store.close()
    }

    /// Fails if keys are taken for 18 and 26 bytes, values for v1, atoms for those of OTP 26, or if a payload
    /// in fragments is written again with the lengths between them.
    @Test(arguments: Case.all) func theModelPredictsEveryEngine(_ example: Case) throws {
        let scratch = ScratchDirectory()
        try Self.write(example, to: scratch("messages"))
        let diagnosis = try DiagnoseTests.diagnose(scratch.path)
        let total = diagnosis.total
        #expect(total.rows.data == Self.messages.count)
        #expect(total.rows.other == 0)
        #expect(total.rows.index.keys.sorted() == [1, 2, 3])
        let model = try #require(
            total.model, "\(diagnosis.shards.flatMap(\.generations).compactMap(\.notCompared))")
        #expect(model.differences == [])
        #expect(model.identical == Self.messages.count, "\(model)")
        for shard in diagnosis.shards {
            let format = try #require(shard.generations.first?.format)
            #expect(format.keys == example.format.keys)
            #expect(format.values == example.format.values)
            #expect(format.atoms == [example.format.atoms])
        }
        #expect(diagnosis.text().contains("differs from the model: no"))
        let counting = CountingStore(shards: 2, example.format)
        for message in Self.messages { counting.submit(message) }
        #expect(total.rows.data + total.rows.indexRows + total.rows.trie == counting.footprint.puts)
    }

    /// What an engine runs with is EMQX's, and so no difference; what the article turns is one.
    @Test(arguments: EngineModel.catalogue.map { Case($0) })
    func optionsOfAnEngineAreEMQXs(_ example: Case) throws {
        let scratch = ScratchDirectory()
        try Self.write(example, to: scratch("messages"))
        for shard in try DiagnoseTests.diagnose(scratch.path).shards {
            #expect(
                shard.optionDifferences.map(\.option)
                    == (example.engine.id == "article" ? ["atomic_flush"] : []))
        }
    }

    /// Fails if a copied trie hashes atoms in another way than the one it was copied from, or if a later
    /// generation is taken for one that begins with nothing.
    @Test(arguments: [
        Case(.emqx58Local), Case(.emqx58Local) { $0.atoms = .otp25 }, Case(.emqx60Local),
    ])
    func everyGenerationIsPredicted(_ example: Case) throws {
        let scratch = ScratchDirectory()
        try FileManager.default.createDirectory(
            atPath: scratch("messages"), withIntermediateDirectories: true)
        do {
            let store = try ShardedStore(
                at: scratch("messages"), example.options(shards: 2), on: RocksEngine())
            defer { store.close() }
            for part in 0..<4 {
                if part > 0 { try store.addGeneration() }
                let before = store.committed
                // Topics that the earlier generations have, and others.
                let some = Self.messages.enumerated().filter { $0.offset % 4 <= part }.map(
                    \.element)
                try Self.submit(some, to: store)
                try wait("the commits") {
                    store.committed == before + some.count && store.depth == 0
                }
            }
            try store.dropGeneration(1)
        }
        let diagnosis = try DiagnoseTests.diagnose(scratch.path)
        for shard in diagnosis.shards {
            #expect(shard.generations.map(\.generation) == [2, 3, 4])
            #expect(
                shard.generations[0].notCompared
                    == "the generation it learned from has been dropped"
            )
            for generation in shard.generations.dropFirst() {
                let model = try #require(generation.model, "\(generation.notCompared ?? "")")
                #expect(model.differences == [], "generation \(generation.generation)")
                #expect(model.identical == generation.rows.data)
            }
        }
        #expect(diagnosis.text().contains("2, 3, 4"))
        #expect(diagnosis.text().contains("not compared with the model: shard 0, generation 2"))
    }

    /// A broker that got another Erlang goes on in the same trie; nothing can be said of it, and that is said.
    @Test func atomsOfTwoErlangsAreNotCompared() throws {
        let scratch = ScratchDirectory()
        try FileManager.default.createDirectory(
            atPath: scratch("messages"), withIntermediateDirectories: true)
        for (atoms, topics) in [(AtomEncoding.otp25, ["a/b"]), (.otp26, ["c/d"])] {
            var options = StoreOptions.test()
            options.format.atoms = atoms
            let path = scratch("\(atoms.rawValue)")
            let store = try ShardedStore(at: path, options, on: RocksEngine())
            for topic in topics { store.submit(Message(client: "c", topic: topic, payload: [1])) }
            store.close()
        }
        // The later one's rows, put beside the earlier one's.
        try {
            let names = try Database.families(at: scratch("otp25/0"))
            let families = names.map { ColumnFamily(name: $0, options: "") }
            let into = try Database(
                path: scratch("otp25/0"), shard: 0, options: "", families: families,
                on: RocksEngine())
            for name in names where name.hasSuffix("1") {
                guard let family = names.firstIndex(of: name) else { continue }
                for (key, value) in try rawRows(
                    at: scratch("otp26/0"), StoreOptions.test(), family: family)
                {
                    try into.put(key, value, family: family)
                }
            }
        }()
        let generation = try DiagnoseTests.diagnose(scratch("otp25/0")).shards[0].generations[0]
        #expect(generation.format.atoms == [.otp25, .otp26])
        #expect(generation.model == nil)
        #expect(generation.notCompared?.contains("Erlang before OTP 26") == true)
    }
}
