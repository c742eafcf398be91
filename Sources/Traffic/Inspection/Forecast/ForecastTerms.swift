package import Knobs
package import Layout
package import Measure

/// For which broker a forecast is made: what decides how many rows and bytes its messages become, and when
/// RocksDB acts on them.
package struct ForecastTerms: Sendable {
    /// Where a committed message is first written.
    package enum Log: Sendable, Equatable {
        /// RocksDB's write-ahead log, one for each shard.
        case wal
        /// One log for all shards, with so many bytes around each message, batch and entry (reference 3.8).
        case shared(message: Int, batch: Int, entry: Int)
    }

    /// Which rule closes a shard's batch.
    package struct Batching: Sendable, Equatable {
        package let messages: Int
        /// After the first message of the batch; nil if only their number closes it.
        package let interval: Nanoseconds?

        package init(messages: Int, interval: Nanoseconds?) {
            self.messages = messages
            self.interval = interval
        }
    }

    /// Name of the engine model, for the one who reads the forecast.
    package let engine: String
    /// As people write the version.
    package let version: String
    package let format: RowFormat
    package let setting: Setting
    package let log: Log
    package let batching: Batching
    /// Whether a subscription at QoS 0 makes messages durable.
    package let storesForQoS0: Bool
    /// `durable_sessions.message_retention_period`.
    package let retention: Nanoseconds
    /// Whether all publishes are stored, also those that no durable session wants.
    package let storesAll: Bool

    /// Column families of a shard that hold messages and their learned topics, and the default one.
    package static let families = 3
    /// `message_retention_period` where nothing is set (reference 1.1).
    package static let standardRetention = Nanoseconds.seconds(86_400)

    package init(
        engine: String, version: String, format: RowFormat, setting: Setting, log: Log,
        batching: Batching, storesForQoS0: Bool = true,
        retention: Nanoseconds = standardRetention, storesAll: Bool = false
    ) {
        self.engine = engine
        self.version = version
        self.format = format
        self.setting = setting
        self.log = log
        self.batching = batching
        self.storesForQoS0 = storesForQoS0
        self.retention = retention
        self.storesAll = storesAll
    }

    /// EMQX 5.8 with `backend = builtin_local` as it comes, whose values are the standards of all knobs.
    package static let standard = ForecastTerms(
        engine: "emqx-5.8-local", version: "EMQX 5.8 CE", format: RowFormat(), setting: Setting(),
        log: .wal,
        batching: Batching(
            messages: Int(Setting()["local_write_buffer.max_items"]),
            interval: .milliseconds(Setting()["local_write_buffer.flush_interval"])))

    var shards: Int { Int(setting["n_shards"]) }

    /// Seconds after which a Message Expiry Interval can no longer act: a message is gone after at most three
    /// retention periods (reference 4.4).
    var longestUsefulExpiry: UInt32 { UInt32(clamping: Int64(3 * retention.seconds)) }

    /// Bytes with which the memtables of an evenly loaded shard are flushed at the latest: its memtable, seven
    /// eighths of what a shard may have, or seven eighths of its part of what all may have (reference 2.6;
    /// RocksDB write_buffer_manager.h, ShouldFlush).
    var flushBytes: Double {
        let shard = Double(setting["db_write_buffer_size"]) * 7 / 8
        let all = Double(setting["write_buffer_manager"]) * 7 / 8 / Double(shards)
        return [shard, all].filter { $0 > 0 }.reduce(Double(setting["write_buffer_size"]), min)
    }

    /// L0 files that start a compaction.
    var trigger: Double { Double(setting["level0_file_num_compaction_trigger"]) }
}
