package import Measure

/// When a shard's batch is closed and committed.
package struct BatchRule: Sendable, Equatable {
    /// Messages that fill it.
    package var items: Int
    /// Bytes of topics and payloads that fill it; nil: they do not count.
    package var bytes: Int?
    /// How long its first message waits at most.
    package var interval: Nanoseconds
    /// How long after its last message it is closed at the latest; nil: `interval` alone decides.
    package var idle: Nanoseconds?

    package init(
        items: Int, bytes: Int? = nil, interval: Nanoseconds, idle: Nanoseconds? = nil
    ) {
        self.items = items
        self.bytes = bytes
        self.interval = interval
        self.idle = idle
    }
}
