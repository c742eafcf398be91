/// What messages of a topic are for. The first four are the rows of the decision table; what a topic's
/// words and its traffic do not tell stays `other`.
package enum TopicClass: String, Codable, CaseIterable, Sendable {
    /// A periodic sample, soon followed by the next.
    case reading
    /// Something crossed a threshold.
    case alert
    /// Makes somebody do something, or changes a configuration.
    case command
    /// Many samples in one message.
    case batch
    /// The last known value or state, for who comes late: retained.
    case latest
    case other
}

extension TopicClass {
    /// Whether it does harm to act on one of its messages twice. A reading or a latest value may come again.
    var isHarmedByRepetition: Bool { self == .alert || self == .command || self == .batch }

    /// Words that stand for a class where they are a whole level of a topic.
    private static let words: [TopicClass: [StaticString]] = [
        .reading: [
            "reading", "readings", "telemetry", "data", "measurement", "measurements", "measure",
            "metric", "metrics", "sample", "samples", "sensor", "sensors", "temp", "temperature",
            "humidity", "rh", "pm25", "pm10", "co2", "pressure", "energy", "power", "meter", "gps",
            "position", "location", "value", "values", "raw", "uplink",
        ],
        .alert: [
            "alert", "alerts", "alarm", "alarms", "event", "events", "warning", "warnings", "fault",
            "faults", "error", "errors", "incident", "incidents", "notification", "notifications",
        ],
        .command: [
            "cmd", "cmds", "command", "commands", "set", "control", "action", "actions", "config",
            "configuration", "settings", "ota", "rpc", "request", "desired", "downlink", "actuator",
        ],
        .batch: [
            "batch", "batches", "bulk", "upload", "uploads", "history", "archive", "backfill",
            "aggregate", "aggregated", "buffered", "log", "logs",
        ],
        .latest: [
            "latest", "last", "current", "state", "states", "status", "shadow", "reported",
            "online", "lwt", "will", "presence", "availability", "birth", "heartbeat",
        ],
    ]

    /// In one table: the hash of each word, by which it is found without building a `String`.
    private static let byHash: [UInt64: (word: StaticString, topicClass: TopicClass)] = {
        var table: [UInt64: (word: StaticString, topicClass: TopicClass)] = [:]
        for (topicClass, list) in words {
            for word in list {
                word.withUTF8Buffer { letters in
                    table[hash(ofWord: letters.span.bytes)] = (word, topicClass)
                }
            }
        }
        return table
    }()

    private static let longest = 16

    /// The class that the words of a topic name: the last level that is one of them decides, because
    /// topics go from the general to the particular.
    package static func named(by topic: RawSpan) -> TopicClass? {
        var end = topic.byteCount
        while true {
            var start = end
            while start > 0, topic.byte(at: start - 1) != UInt8(ascii: "/") { start -= 1 }
            if 1...longest ~= end - start {
                let level = topic.extracting(start..<end)
                if let found = byHash[hash(ofWord: level)], level.isWord(found.word) {
                    return found.topicClass
                }
            }
            guard start > 0 else { return nil }
            end = start - 1
        }
    }

    /// FNV-1a over the small letters.
    private static func hash(ofWord word: RawSpan) -> UInt64 {
        var hash: UInt64 = 0xCBF2_9CE4_8422_2325
        for offset in 0..<word.byteCount {
            hash = (hash ^ UInt64(word.byte(at: offset).lowercased)) &* 0x0000_0100_0000_01B3
        }
        return hash
    }
}

extension UInt8 {
    fileprivate var lowercased: UInt8 {
        UInt8(ascii: "A")...UInt8(ascii: "Z") ~= self ? self | 0x20 : self
    }
}

extension RawSpan {
    fileprivate func isWord(_ word: StaticString) -> Bool {
        guard byteCount == word.utf8CodeUnitCount else { return false }
        return word.withUTF8Buffer { letters in
            letters.indices.allSatisfy { byte(at: $0).lowercased == letters[$0] }
        }
    }
}
