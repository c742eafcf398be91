package import Foundation
internal import MQTT

/// Subscriptions of durable sessions that somebody wrote down, because those made before a capture began are
/// not in it.
///
/// Two forms are read. Lines of client identifier, topic filter and, if one wants, QoS, with tabs between them:
/// ```
/// archiver	env/#	1
/// ```
/// where lines that begin with `# ` are comments; and what EMQX answers to `GET /api/v5/subscriptions`: an
/// object with the list `data`, or a list of such objects, one a page.
package struct GivenSubscriptions: Sendable, Equatable {
    package let path: String
    package private(set) var entries: [OlderSubscriptions.Entry] = []
    /// Nodes of the cluster that the entries name.
    package private(set) var nodes: Set<String> = []
    /// Entries that are left out because EMQX says that they are of no durable session.
    package private(set) var notDurable = 0
    /// More pages were to be had than the file holds.
    package private(set) var isPartial = false

    /// Bytes that a file may have: a million subscriptions.
    private static let largest = 256 << 20

    /// - Throws: a sentence that names the file, the place and the remedy.
    package init(contentsOf path: String) throws(SubscriptionsError) {
        guard let file = FileHandle(forReadingAtPath: path),
            let data = try? file.read(upToCount: Self.largest + 1)
        else { throw SubscriptionsError(path, "cannot be read; name a file of subscriptions") }
        guard data.count <= Self.largest else {
            throw SubscriptionsError(path, "is larger than 256 MiB; leave out what is not durable")
        }
        try self.init(parsing: data, path: path)
    }

    /// - Parameter path: for errors only.
    package init(parsing data: Data, path: String) throws(SubscriptionsError) {
        self.path = path
        let first = data.first { !UInt8.isBlank($0) }
        if first == UInt8(ascii: "{") || first == UInt8(ascii: "[") {
            try read(export: data)
        } else {
            try read(lines: data)
        }
    }

    private mutating func read(lines data: Data) throws(SubscriptionsError) {
        let lines = data.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
        for (number, bytes) in lines.enumerated() {
            let place = "\(path), line \(number + 1)"
            let bytes = bytes.last == UInt8(ascii: "\r") ? bytes.dropLast() : bytes
            guard let line = String(validating: bytes, as: UTF8.self) else {
                throw SubscriptionsError(place, "is not UTF-8 text")
            }
            if line.allSatisfy(\.isWhitespace) || line.hasPrefix("# ") || line == "#" { continue }
            let fields = line.split(separator: "\t", omittingEmptySubsequences: false)
            guard 2...3 ~= fields.count, !fields[0].isEmpty else {
                throw SubscriptionsError(
                    place,
                    "wants a client id, a topic filter and perhaps a QoS, with tabs between them")
            }
            try add(
                String(fields[0]), String(fields[1]), fields.count == 3 ? Int(fields[2]) ?? -1 : 1,
                at: place)
        }
    }

    private mutating func add(
        _ client: String, _ topic: String, _ level: Int, at place: String
    ) throws(SubscriptionsError) {
        guard let qos = UInt8(exactly: level).flatMap(QoS.init(rawValue:)) else {
            throw SubscriptionsError(place, "has a QoS that is not 0, 1 or 2")
        }
        let filter: TopicFilter
        do throws(CodecError) { filter = try TopicFilter(topic) } catch {
            throw SubscriptionsError(place, "has no topic filter of MQTT: \(topic)")
        }
        entries.append(
            OlderSubscriptions.Entry(clientID: client, filter: filter, qos: qos))
    }
}

extension GivenSubscriptions {
    /// One page of EMQX's answer; what else is in it does not matter here.
    private struct Page: Decodable {
        struct Row: Decodable {
            let clientid: String
            let topic: String
            let qos: Int?
            let node: String?
            let durable: Bool?
        }

        struct Meta: Decodable { let hasnext: Bool? }

        let data: [Row]
        let meta: Meta?
    }

    private mutating func read(export data: Data) throws(SubscriptionsError) {
        let decoder = JSONDecoder()
        let pages: [Page]
        if let page = try? decoder.decode(Page.self, from: data) {
            pages = [page]
        } else if let several = try? decoder.decode([Page].self, from: data) {
            pages = several
        } else if let rows = try? decoder.decode([Page.Row].self, from: data) {
            pages = [Page(data: rows, meta: nil)]
        } else {
            throw SubscriptionsError(
                path,
                "is JSON but not what EMQX answers to GET /api/v5/subscriptions: an object with a list "
                    + "`data` of objects with `clientid` and `topic`; put several pages into one list, as "
                    + "with `jq -s .`")
        }
        for (number, row) in pages.flatMap(\.data).enumerated() {
            if let node = row.node { nodes.insert(node) }
            guard row.durable != false else {
                notDurable += 1
                continue
            }
            try add(row.clientid, row.topic, row.qos ?? 1, at: "\(path), entry \(number + 1)")
        }
        isPartial = pages.last?.meta?.hasnext == true
    }
}

/// Why a file of subscriptions cannot be used.
package struct SubscriptionsError: Error, Equatable, CustomStringConvertible {
    package let description: String

    init(_ place: String, _ sentence: String) { description = "\(place): \(sentence)" }
}

extension UInt8 {
    fileprivate static func isBlank(_ byte: UInt8) -> Bool {
        byte == 0x20 || 0x09...0x0D ~= byte
    }
}
