internal import Glibc
internal import MQTT

/// Which part of recorded traffic is wanted. Without anything said, all of it.
package struct EventSelection: Sendable {
    /// A moment in recorded traffic.
    package enum Moment: Equatable, Sendable {
        /// Nanoseconds since the epoch.
        case absolute(Int64)
        /// Nanoseconds after the first event.
        case offset(Int64)

        func time(first: Int64) -> Int64 {
            switch self {
            case .absolute(let time): time
            case .offset(let offset): first &+ offset
            }
        }
    }

    /// Packets from here on.
    package var from: Moment?
    /// Packets before this.
    package var to: Moment?
    /// Client identifiers, exact or with `*`, `?` and `[…]` as in a shell; any of them. Empty for all.
    package var clients: [String] = []
    /// PUBLISHes with a topic that any of these means, and what their sessions need. Empty for all.
    private(set) var topics: [TopicFilter] = []

    package init() {}

    package mutating func add(topic text: String) throws(BadFilter) {
        do throws(CodecError) { topics.append(try TopicFilter(text)) } catch {
            throw BadFilter(why: error.description)
        }
    }

    package var isEverything: Bool { from == nil && to == nil && clients.isEmpty && topics.isEmpty }

    func wants(client: String) -> Bool {
        clients.isEmpty || clients.contains { fnmatch($0, client, 0) == 0 || $0 == client }
    }

    func wants(topic: RawSpan) -> Bool {
        topics.isEmpty || topics.contains { $0.matches(topic) }
    }
}

/// A topic filter that MQTT does not allow.
package struct BadFilter: Error {
    package let why: String
}

extension EventSelection.Moment {
    /// Reads ISO 8601 ("2026-01-31T12:00:00Z", UTC without a zone), or a time after the first event: "30s",
    /// "1.5m", "2h", "250ms", "1d".
    /// - Returns: nil if it is neither.
    package init?(_ text: String) {
        if let time = TimeText.parse(iso: text) {
            self = .absolute(time)
            return
        }
        let digits = text.prefix { $0.isASCII && ($0.isNumber || $0 == ".") }
        let units: [Substring: Double] = [
            "ms": 1e6, "s": 1e9, "m": 60e9, "min": 60e9, "h": 3_600e9, "d": 86_400e9,
        ]
        guard let number = Double(digits), let unit = units[text.dropFirst(digits.count)],
            number * unit < Double(latestTime)
        else { return nil }
        self = .offset(Int64(number * unit))
    }
}
