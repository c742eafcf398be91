import MQTT
import Measure
import Testing

/// Publishers and durable subscribers that come and go, against what MQTT promises.
@Suite struct RandomRunTests {
    private struct Reader {
        let client: String
        let filter: String
        var connection: Int?
        /// Texts by topic, in the order of first arrival, and how often each came without DUP.
        var firsts: [String: [String]] = [:]
        var seen: Set<String> = []
        var received: [PacketID: String] = [:]
        var deliveries: [String: Int] = [:]
    }

    private struct Run {
        let stage = Stage(shards: 3)
        let root: UInt64
        var seed: Seed
        var readers: [Reader]
        /// Texts that were published, by topic, by publisher.
        var published: [(topic: String, text: String, qos: QoS)] = []
        /// Subscribers lose acknowledgements, and connections with them.
        let isLossy: Bool

        init(_ root: UInt64, isLossy: Bool) {
            self.root = root
            self.isLossy = isLossy
            seed = Seed(root).branch("run")
            readers = ["#", "a/+", "+/1", "a/#", "b/2"].enumerated().map {
                Reader(client: "reader-\($0)", filter: $1)
            }
        }

        mutating func come(_ number: Int) {
            let reader = readers[number]
            let connection = stage.connect(
                reader.client, clean: false, expiry: 3_600,
                receiveMaximum: UInt16.random(in: 1...20, using: &seed))
            readers[number].connection = connection
        }

        mutating func go(_ number: Int) {
            guard let connection = readers[number].connection else { return }
            if Bool.random(using: &seed) {
                stage.cut(connection)
            } else {
                stage.disconnect(connection)
            }
            readers[number].connection = nil
        }

        /// Takes what came and acknowledges it, or, on a lossy link, some of it.
        mutating func read(_ number: Int, isSure: Bool) -> Bool {
            guard let connection = readers[number].connection else { return false }
            let packets = stage.take(connection)
            for packet in packets {
                note(packet, number)
                if isSure || !isLossy || Int.random(in: 0..<4, using: &seed) > 0 {
                    _ = stage.answer(packet, on: connection)
                }
            }
            return !packets.isEmpty
        }

        /// A receiver's half of QoS 2: an identifier counts once until it is released.
        private mutating func note(_ packet: Packet, _ number: Int) {
            switch packet {
            case .publish(let message):
                if message.qos == .exactlyOnce, let id = message.packetID {
                    if readers[number].received[id] == message.text { return }
                    readers[number].received[id] = message.text
                }
                readers[number].deliveries[message.text, default: 0] += 1
                if readers[number].seen.insert(message.text).inserted {
                    readers[number].firsts[message.topic, default: []].append(message.text)
                }
            case .pubrel(let release): readers[number].received[release.packetID] = nil
            default: break
            }
        }
    }

    @Test(arguments: 1...6 as ClosedRange<UInt64>, [false, true])
    func whatMatchedArrivesAsOftenAsPromisedAndInOrder(_ root: UInt64, _ isLossy: Bool) throws {
        var run = Run(root, isLossy: isLossy)
        let stage = run.stage
        let senders = (0..<4).map { stage.connect("sender-\($0)", expiry: 60) }
        for number in run.readers.indices {
            run.come(number)
            guard let connection = run.readers[number].connection else { continue }
            let subscription = Subscription(filter: run.readers[number].filter, qos: .exactlyOnce)
            stage.send(
                .subscribe(Subscribe(packetID: stage.id(), subscriptions: [subscription])),
                on: connection)
        }
        for step in 0..<1_500 {
            switch Int.random(in: 0..<10, using: &run.seed) {
            case 0..<6:
                let sender = Int.random(in: senders.indices, using: &run.seed)
                let topic =
                    ["a", "b", "c"][sender % 3] + "/\(Int.random(in: 0..<4, using: &run.seed))"
                let qos = QoS.allCases[Int.random(in: 1...2, using: &run.seed)]
                let text = "\(sender) \(step)"
                stage.publish(text, to: topic, qos: qos, from: senders[sender])
                run.published.append((topic, text, qos))
            case 6: stage.store.commit()
            case 7: stage.poll()
            case 8:
                let number = Int.random(in: run.readers.indices, using: &run.seed)
                if run.readers[number].connection == nil {
                    run.come(number)
                } else {
                    run.go(number)
                }
            default:
                _ = run.read(Int.random(in: run.readers.indices, using: &run.seed), isSure: false)
            }
        }
        // Everybody comes back, over a link that loses nothing.
        for number in run.readers.indices {
            run.go(number)
            run.come(number)
            while run.read(number, isSure: true) {}
        }
        for reader in run.readers { try check(reader, run) }
    }

    private func check(_ reader: Reader, _ run: Run) throws {
        let filter = try TopicFilter(reader.filter)
        let matching = run.published.filter { message in
            let topic = Array(message.topic.utf8)
            return filter.matches(topic.span.bytes)
        }
        let label = "seed \(run.root), lossy \(run.isLossy), \(reader.filter)"
        #expect(matching.count > 20, "\(label)")
        #expect(reader.seen == Set(matching.map(\.text)), "\(label)")
        for message in matching where message.qos == .exactlyOnce {
            #expect(reader.deliveries[message.text] == 1, "\(label), \(message)")
        }
        // [MQTT-4.6.0-5]: of each publisher, topic and QoS.
        func lanes(_ texts: [(topic: String, text: String, qos: QoS)]) -> [String: [String]] {
            Dictionary(grouping: texts) { "\($0.topic) \($0.text.prefix { $0 != " " }) \($0.qos)" }
                .mapValues { $0.map(\.text) }
        }
        let qos = Dictionary(uniqueKeysWithValues: matching.map { ($0.text, $0.qos) })
        let got = reader.firsts.flatMap { topic, texts in
            texts.map { (topic: topic, text: $0, qos: qos[$0] ?? .atMostOnce) }
        }
        #expect(lanes(got) == lanes(matching), "\(label)")
    }
}
