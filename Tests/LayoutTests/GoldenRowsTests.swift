import Layout
import MQTT
import Testing

/// Skipped when ../shared is not there: EMQX's rows are not part of the project.
@Suite(.enabled(if: GoldenRow.exists, "../shared/golden is not beside the project"))
struct GoldenRowsTests {
    /// These rows were the only ones in their database, so the trie learns exactly what EMQX's had learned.
    ///
    /// Checklist 11 and 12. Fails if a key, an index key or a value differs from EMQX's in a byte.
    @Test func replayedMessagesGetTheKeysIndexKeysAndValuesOfEMQX() throws {
        let rows = try GoldenRow.rows("variety")
        #expect(rows.count == 146)
        var trie = TopicTrie()
        var key = TopicKey()
        var learned = RowBuffer()
        var varied = 0
        for row in rows {
            trie.find(row.topic.span.bytes, into: &key, learning: &learned)
            varied += key.varying.count
            try expectRows(of: row, at: key)
        }
        #expect(varied > 100)
    }

    /// What the trie had learned from the rest of the capture is not in the selection, but a topic without
    /// varying levels has the same stream in every trie.
    @Test func capturedMessagesWithoutVaryingLevelsGetTheRowsOfEMQX() throws {
        let rows = try GoldenRow.rows("fleet-60").filter { $0.indexKeys.isEmpty }
        #expect(rows.count > 70)
        for row in rows {
            var trie = TopicTrie()
            var key = TopicKey()
            var learned = RowBuffer()
            trie.find(row.topic.span.bytes, into: &key, learning: &learned)
            try expectRows(of: row, at: key)
        }
    }

    @Test func capturedMessagesWithAVaryingLevelGetTheValuesOfEMQX() throws {
        let rows = try GoldenRow.rows("fleet-60").filter { !$0.indexKeys.isEmpty }
        #expect(rows.count > 10)
        for row in rows {
            let topic = row.topic
            let wanted = hex(row.indexKeys[10..<18])
            let levels = row.topic.split(separator: UInt8(ascii: "/")).map {
                $0.startIndex..<$0.endIndex
            }
            let varying = levels.filter { level in
                let hash = String(
                    TokenHash(of: topic.span.bytes.extracting(level)).rawValue, radix: 16)
                return String(repeating: "0", count: 16 - hash.count) + hash == wanted
            }
            #expect(varying.count == 1, "\(row.testDescription)")
            try expectValues(of: row, varying: varying)
        }
    }

    @Test(arguments: ["fleet-60", "variety"], ValueFormat.allCases)
    func storedValuesGiveBackWhatWasPublished(_ group: String, _ format: ValueFormat) throws {
        for row in try GoldenRow.rows(group) {
            let value = row.value(format)
            var properties: [UInt8] = []
            let message = try StoredMessage(
                decoding: value.span.bytes, as: format, appendingPropertiesTo: &properties)
            #expect(String(decoding: value[message.from.range], as: UTF8.self) == row["clientid"])
            #expect(Array(value[message.payload.range]) == row.payload)
            #expect(message.qos == row.qos && message.retain == row.retain && !message.dup)
            #expect(try sorted(properties) == sorted(row.properties), "\(row.testDescription)")
        }
    }

    @Test(arguments: ["fleet-60", "variety"]) func predictedSizesAreTheSizesOfEMQX(_ group: String)
        throws
    {
        // Reference 3.6 and 8.2, for a value without properties from an IPv4 peer with a port above 255.
        for row in try GoldenRow.rows(group)
        where row.properties.isEmpty && row["peer_ip"].contains(".") {
            guard (UInt16(row["port"]) ?? 0) > 255 else { continue }
            var properties: [UInt8] = []
            let value = row.value
            let message = try StoredMessage(
                decoding: value.span.bytes, appendingPropertiesTo: &properties)
            let name = row["username"].utf8.count
            let header = name == 0 ? 209 : 203 + name
            let variable = row.payload.count + row["clientid"].utf8.count + message.varying.count
            #expect(
                value.count == header + variable - (row.retain ? 1 : 0), "\(row.testDescription)")
        }
    }

    private func expectRows(of row: GoldenRow, at key: TopicKey) throws {
        let topic = row.topic
        var data: [UInt8] = []
        data.appendDataKey(key.stream, timestamp: row.timestamp)
        #expect(hex(data) == hex(row.key), "\(row.testDescription)")
        var index: [UInt8] = []
        for (position, level) in key.varying.enumerated() {
            let token = TokenHash(of: topic.span.bytes.extracting(level))
            index.appendIndexKey(
                key.stream, level: position + 1, token: token, timestamp: row.timestamp)
        }
        #expect(hex(index) == hex(row.indexKeys), "\(row.testDescription)")
        try expectValues(of: row, varying: key.varying)
    }

    private func expectValues(of row: GoldenRow, varying: [Range<Int>]) throws {
        for format in ValueFormat.allCases {
            #expect(
                hex(try value(of: row, format, varying: varying)) == hex(row.value(format)),
                "\(row.testDescription), \(format)")
        }
    }

    private func value(
        of row: GoldenRow, _ format: ValueFormat, varying: [Range<Int>]
    ) throws -> [UInt8] {
        let publisher = try #require(row.publisher(format))
        // The run's milliseconds stand nowhere else.
        var ignored: [UInt8] = []
        let stored = try StoredMessage(
            decoding: row.value(format).span.bytes, as: format, appendingPropertiesTo: &ignored)
        var bytes: [UInt8] = []
        let (topic, payload, properties) = (row.topic, row.payload, row.properties)
        try publisher.appendValue(
            qos: row.qos, retain: row.retain, topic: topic.span.bytes, varying: varying,
            payload: payload.span.bytes, properties: properties.span.bytes,
            timestamp: stored.timestamp,
            to: &bytes)
        return bytes
    }
}

/// The order of different properties means nothing; that of user properties does.
func sorted(_ properties: [UInt8]) throws -> [[UInt8]] {
    var list: [(UInt8, Int, [UInt8])] = []
    var offset = 0
    while true {
        let start = offset
        guard let property = try PropertyWalk.next(properties.span.bytes, at: &offset) else {
            break
        }
        list.append((property.id.rawValue, list.count, Array(properties[start..<offset])))
    }
    return list.sorted { ($0.0, $0.1) < ($1.0, $1.1) }.map(\.2)
}
