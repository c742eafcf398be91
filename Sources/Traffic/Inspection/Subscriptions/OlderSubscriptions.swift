package import MQTT

/// Subscriptions that were made before the capture began.
package struct OlderSubscriptions: Sendable {
    package struct Entry: Sendable, Equatable {
        package let clientID: String
        package let filter: TopicFilter
        package let qos: QoS
    }

    package let source: PersistedCounts.Source
    package let entries: [Entry]

    static let none = OlderSubscriptions(source: .capture, entries: [])
}

extension OlderSubscriptions {
    init(_ options: ReadingOptions) {
        self =
            options.subscriptions.map { OlderSubscriptions(source: .given, entries: $0.entries) }
            ?? .none
    }

    /// What a first reading showed of sessions that are older than the capture.
    ///
    /// - Returns: nil if there is nothing to read again for, or if the source cannot be read twice.
    init?(inferredFrom inspector: Inspector, _ paths: [String]) {
        guard inspector.older.source == .capture, inspector.evidence.unexplained > 0,
            !paths.contains("-")
        else { return nil }
        self.init(source: .inferred, entries: inspector.evidence.filters(inspector.table))
    }

    /// What a reading showed, or was told, of sessions that are older than the capture.
    init(knownTo inspector: Inspector) {
        self =
            inspector.older.source == .capture && inspector.evidence.unexplained > 0
            ? OlderSubscriptions(
                source: .inferred, entries: inspector.evidence.filters(inspector.table))
            : inspector.older
    }
}
