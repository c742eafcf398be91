import Knobs
import Layout
import MQTT
import Measure
import Storage
import TestSupport
import Testing

/// Tuning must not change what is read back.
@Suite struct AnswersTests {
    static let filters = [
        "#", "+/+/temp", "fleet/+/temp", "fleet/7/#", "a/+/c", "+", "deep/#", "$SYS/#",
    ]

    /// What EMQX 5.8, its ASN.1 serializer, 6.x and builds on an older Erlang write.
    static let formats = [
        RowFormat(), RowFormat(values: .asn1), RowFormat(values: .asn1, keys: .skipstreamV2),
        RowFormat(atoms: .otp25),
    ]

    @Test(arguments: 1...4) func settingsAndFormatsDoNotChangeAnswers(_ run: UInt64) throws {
        let root = Seed(run)
        var seed = root.branch("setting")
        let scratch = ScratchDirectory()
        var setting = Setting.random(
            over: Knob.possible(in: scratch), control: Setting(), using: &seed)
        // A pool is the whole process's, and other tests run beside this one.
        setting["background_threads_high"] = 0
        setting["background_threads_low"] = 0
        setting["n_shards"] = [1, 2, 3, 5].randomElement(using: &seed) ?? 1
        setting["local_write_buffer.max_items"] = [1, 2, 7, 300].randomElement(using: &seed) ?? 1
        var options = StoreOptions(engine: .emqx58Local, setting: setting, miniature: 2_048)
        options.format = Self.formats[Int(run - 1)]
        let store = try ShardedStore(at: scratch("data"), options, on: RocksEngine())
        defer { store.close() }
        let model = MemoryStore(shards: store.shards)
        let messages = Self.messages(4_000, seed: root.branch("messages"))
        for message in messages {
            store.submit(message)
            model.submit(message)
        }
        try wait("all committed") { store.committed == messages.count }

        var read = 0
        for filter in Self.filters {
            let expected = try model.rows(matching: filter)
            let got = try store.rows(
                matching: filter, limit: Int.random(in: 1...200, using: &seed))
            #expect(got.count == expected.count, "seed \(run), \(setting), \(filter)")
            #expect(lanes(got) == lanes(expected), "seed \(run), \(setting), \(filter)")
            read += got.count
        }
        #expect(read > messages.count, "seed \(run): the filters match next to nothing")
        #expect(store.failure == nil)
    }

    /// Levels with few and with many tokens, so that some vary and some do not; empty levels; `$` topics.
    private static func messages(_ count: Int, seed: Seed) -> [Message] {
        var seed = seed
        return (0..<count).map { number in
            func pick(_ limit: Int) -> Int { Int.random(in: 0..<limit, using: &seed) }
            let topic =
                switch pick(8) {
                case 0: "a/\(pick(5))/c"
                case 1: "a/\(pick(40))/c"
                case 2: "fleet/\(pick(60))/temp"
                case 3: "fleet/\(pick(60))/\(pick(30))"
                case 4: "deep/\(pick(15))//\(pick(15))/ü\(pick(3))"
                case 5: "\(pick(150))"
                case 6: "$SYS/\(pick(20))/temp"
                default: "/\(pick(15))/temp"
                }
            let client = "client-\(pick(9))"
            let filler = [UInt8]((0..<pick(300)).map { _ in UInt8(pick(256)) })
            return Message(
                client: client, topic: topic, qos: QoS.allCases[pick(3)],
                properties: properties(using: &seed),
                payload: Array("\(client):\(number) ".utf8) + filler)
        }
    }

    private static func properties(using seed: inout Seed) -> [Property] {
        let all: [Property] = [
            .payloadFormatIndicator(1), .messageExpiryInterval(70_000), .contentType("text/ü"),
            .responseTopic("answer/here"), .correlationData([0, 255, 7]),
            .userProperty("b", "1"), .userProperty("a", "2"), .userProperty("b", ""),
        ]
        return all.filter { _ in Bool.random(using: &seed) && Bool.random(using: &seed) }
    }

    /// A reader is given what came after its subscription began and, if it says so, nothing of its own; in
    /// the model as in the store.
    @Test func aSubscriptionWantsWhatIsLaterAndOfOthers() throws {
        let scratch = ScratchDirectory()
        let real = try ShardedStore(at: scratch("data"), .test(), on: RocksEngine())
        defer { real.close() }
        for store in [real, MemoryStore(shards: 1)] as [any DurableStore] {
            func submit(_ phase: String) throws {
                let before = store.committed
                for number in 0..<40 {
                    let client = ["own", "other"][number % 2]
                    store.submit(
                        Message(
                            client: client, topic: "t/\(number / 2)",
                            payload: Array("\(client):\(phase) \(number)".utf8)))
                }
                try wait("all committed") { store.committed == before + 40 }
            }
            try submit("early")
            let begins = store.now(in: 0)
            try submit("late")
            let all = try store.rows(matching: "t/+")
            #expect(all.count == 80)
            let late = try store.rows(matching: "t/+", after: begins)
            #expect(Set(late) == Set(all.filter { $0.text.contains("late") }))
            let others = try store.rows(matching: "t/+", notFrom: "own")
            #expect(Set(others) == Set(all.filter { $0.client == "other" }))
            #expect(late.count == 40 && others.count == 40)
        }
    }

    /// Several sessions publish at once: nothing is lost, and each keeps its order.
    @Test func concurrentPublishersKeepTheirOrder() async throws {
        let scratch = ScratchDirectory()
        let options = StoreOptions.test(["local_write_buffer.max_items": 37])
        let store = try ShardedStore(at: scratch("data"), options, on: RocksEngine())
        defer { store.close() }
        let each = 2_000
        await withTaskGroup(of: Void.self) { group in
            for client in 0..<4 {
                group.addTask {
                    for number in 0..<each {
                        store.submit(
                            Message(
                                client: "c\(client)", topic: "t",
                                payload: Array("c\(client):\(number)".utf8)))
                    }
                }
            }
        }
        try wait("all committed") { store.committed == 4 * each }
        #expect(store.depth == 0)
        let rows = lanes(try store.rows(matching: "t"))
        for client in 0..<4 {
            let expected = (0..<each).map { Array("c\(client):\($0)".utf8) }
            #expect(rows["c\(client) t"]?.map(\.payload) == expected)
        }
    }
}
