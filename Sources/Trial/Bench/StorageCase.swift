internal import Layout
internal import MQTT
internal import Measure
internal import Storage

/// One case of the storage benchmark: how wide batches are, how many levels of each topic vary, how many
/// shards and topics there are.
package struct StorageCase: Sendable, Hashable {
    /// `local_write_buffer.max_items`.
    package let batch: Int
    /// Varying levels of each topic: index rows that each message has.
    package let varying: Int
    package let shards: Int
    package let topics: Int

    package init(batch: Int, varying: Int, shards: Int, topics: Int) {
        precondition([0, 2].contains(varying) && topics >= Self.publishers)
        self.batch = batch
        self.varying = varying
        self.shards = shards
        self.topics = topics
    }

    static let publishers = 64
    private static let payloadBytes = 200

    /// The messages of this case, in the order they are sent: first those that teach the topics, which are
    /// not counted, then the measured ones.
    struct Traffic {
        let publishers: [Publisher]
        /// By message number modulo their count; message n is of publisher n modulo their count.
        let topics: [[UInt8]]
        let lessons: [(publisher: Int, topic: [UInt8])]
        let payload: [UInt8]
    }

    func traffic() -> Traffic {
        let publishers = (0..<Self.publishers).map { number in
            let name = "bench-\(100 + number)"
            return Publisher(
                PublisherHeader(
                    clientID: name, peer: Self.peer, version: .v3_1_1, username: nil),
                shard: ShardHash(of: Array(name.utf8).span.bytes).shard(of: shards))
        }
        let all = (0..<topics).map { Array(topic($0).utf8) }
        var lessons: [(Int, [UInt8])] = []
        for publisher in publishers.indices where varying > 0 {
            lessons += Self.lessons.map { (publisher, Array($0.utf8)) }
        }
        for (number, topic) in all.enumerated() {
            lessons.append((number % Self.publishers, topic))
        }
        let text = "{\"device_id\": \"bench-100\", \"metric\": \"pm25\", \"value\": "
        let payload = Array((text + String(repeating: "7.25, 3.125, ", count: 20)).utf8)
        return Traffic(
            publishers: publishers, topics: all, lessons: lessons,
            payload: Array(payload.prefix(Self.payloadBytes)))
    }

    /// Without varying levels no level may have ten names, which would make it vary; with two, the names
    /// are others than the ten that keep streams of their own.
    private func topic(_ number: Int) -> String {
        guard varying > 0 else {
            var levels = ["bench"]
            var rest = number
            repeat {
                levels.append("l\(rest % 9)")
                rest /= 9
            } while rest > 0
            return levels.joined(separator: "/")
        }
        let width = Int(Double(topics).squareRoot().rounded(.up))
        return "bench/device-\(number / width)/metric-\(number % width)/reading"
    }

    /// Ten names on each of the two levels, after which both vary.
    private static let lessons =
        (0..<10).map { "bench/first-\($0)/first-0/reading" }
        + (0..<10).map { "bench/device-x/first-\($0)/reading" }

    private static var peer: PeerAddress {
        guard let peer = PeerAddress(bytes: [127, 0, 0, 1], port: 40_000) else {
            preconditionFailure("four bytes are an address")
        }
        return peer
    }
}
