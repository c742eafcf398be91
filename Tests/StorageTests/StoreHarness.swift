import Foundation
import Knobs
import Layout
import MQTT
import Measure
import Storage
import TestSupport

/// A message as a test sends it.
struct Message: Sendable {
    var client: String
    var topic: String
    var qos = QoS.atLeastOnce
    var properties: [Property] = []
    var payload: [UInt8]

    init(
        client: String, topic: String, qos: QoS = .atLeastOnce, properties: [Property] = [],
        payload: [UInt8]
    ) {
        self.client = client
        self.topic = topic
        self.qos = qos
        self.properties = properties
        self.payload = payload
    }
}

/// A message as it was read back.
struct Row: Hashable, Sendable, CustomStringConvertible {
    let topic: String
    let qos: QoS
    /// User properties in their order, the others sorted: storage keeps those in a map.
    let properties: [String]
    let payload: [UInt8]

    /// Test payloads begin with the publisher's client id and a colon.
    var client: String {
        String(decoding: payload.prefix { $0 != UInt8(ascii: ":") }, as: UTF8.self)
    }
    var text: String { String(decoding: payload, as: UTF8.self) }
    var description: String {
        "\(topic) \(qos) \(String(decoding: payload.prefix(40), as: UTF8.self))"
    }
}

/// Rows of one publisher and topic, in the order that they were read.
func lanes(_ rows: [Row]) -> [String: [Row]] {
    Dictionary(grouping: rows) { $0.client + " " + $0.topic }
}

struct TookTooLong: Error { let what: String }

/// Looks again and again: storage works on threads of its own.
func wait(_ what: String, until done: () throws -> Bool) throws {
    let deadline = MonotonicTime.now() + .seconds(90)
    while try !done() {
        guard MonotonicTime.now() < deadline else { throw TookTooLong(what: what) }
        usleep(500)
    }
}

extension StoreOptions {
    static func test(_ values: [String: Int64] = [:], miniature: UInt64 = 1) -> StoreOptions {
        StoreOptions(
            engine: .emqx58Local,
            setting: Setting(
                ["n_shards": 1, "local_write_buffer.flush_interval": 5].merging(values) { $1 }),
            miniature: miniature)
    }
}

extension Knob {
    /// All knobs, but direct I/O only where the file system of `scratch` has it.
    static func possible(in scratch: ScratchDirectory) -> [Knob] {
        let direct = try? Database(
            path: scratch("direct"), shard: 0,
            options: "create_if_missing=true;use_direct_reads=true;"
                + "use_direct_io_for_flush_and_compaction=true",
            families: [ColumnFamily(name: "default", options: "")], on: RocksEngine())
        guard direct == nil else { return catalogue }
        return catalogue.filter { !$0.id.hasPrefix("use_direct") }
    }
}

func publisher(_ client: String, shards: Int, _ format: RowFormat = RowFormat()) -> Publisher {
    let name = Array(client.utf8)
    guard let peer = PeerAddress(bytes: [127, 0, 0, 1], port: 4_000) else {
        preconditionFailure("four bytes are an address")
    }
    return Publisher(
        PublisherHeader(
            clientID: client, peer: peer, version: .v5, username: nil, format: format),
        shard: ShardHash(of: name.span.bytes).shard(of: shards))
}

extension DurableStore {
    @discardableResult
    func submit(_ message: Message) -> Receipt {
        let topic = Array(message.topic.utf8)
        var packet: [UInt8] = []
        Packet.publish(
            Publish(topic: message.topic, properties: message.properties)
        ).write(to: &packet, version: .v5)
        let properties: Range<Int>
        do { properties = try PublishHeader.read(packet.span.bytes, version: .v5).properties } catch
        {
            preconditionFailure("a test sends valid messages: \(error)")
        }
        return submit(
            Submission(
                qos: message.qos, retain: false, intended: .now(),
                timestamp: Int64(wallClockMilliseconds())),
            from: publisher(message.client, shards: shards, format), topic: topic.span.bytes,
            properties: packet.span.bytes.extracting(properties),
            payload: message.payload.span.bytes)
    }

    var committed: Int { (0..<shards).reduce(0) { $0 + committed(in: $1) } }

    /// Everything that `filter` matches, read in many small questions.
    func rows(
        matching filter: String, in shard: Int? = nil, after: UInt64 = 0,
        notFrom client: String? = nil, limit: Int = 100
    ) throws -> [Row] {
        var rows: [Row] = []
        let filter = try TopicFilter(filter)
        for shard in shard.map({ $0..<$0 + 1 }) ?? 0..<shards {
            var cursors = cursors(in: shard, matching: filter, after: 0)
            while !cursors.isEmpty {
                request(
                    ReadRequest(
                        session: 0, epoch: 0, client: Array((client ?? "").utf8), shard: shard,
                        cursors: cursors,
                        wanted: [
                            Wanted(
                                filter: filter, qos: .exactlyOnce, after: after,
                                noLocal: client != nil)
                        ], limit: limit))
                var replies: [ReadReply] = []
                try wait("an answer from shard \(shard)") {
                    replies = takeReplies()
                    return !replies.isEmpty
                }
                for message in replies[0].messages.messages {
                    rows.append(try Row(message, of: replies[0].messages))
                }
                cursors = Array(replies[0].cursors.dropFirst(replies[0].complete))
            }
        }
        return rows
    }
}

extension Row {
    /// As a message without properties has to be read back.
    init(_ message: Message) {
        self.init(
            topic: message.topic, qos: message.qos, properties: [], payload: message.payload)
    }

    init(_ message: StoredBatch.Message, of batch: StoredBatch) throws {
        let stored = batch.bytes
        let bytes = stored.span.bytes
        var packet: [UInt8] = []
        writePublish(
            topic: bytes.extracting(message.topic), payload: bytes.extracting(message.payload),
            qos: .atMostOnce, properties: bytes.extracting(message.properties), version: .v5,
            to: &packet)
        guard case .publish(let publish) = try Packet.read(packet.span.bytes, version: .v5) else {
            preconditionFailure("it was written as a PUBLISH")
        }
        var user: [String] = [], others: [String] = []
        for property in publish.properties {
            if case .userProperty = property {
                user.append("\(property)")
            } else {
                others.append("\(property)")
            }
        }
        self.init(
            topic: publish.topic, qos: message.qos, properties: others.sorted() + user,
            payload: publish.payload)
    }
}
