extension Metric {
    /// Every metric there is. A new one is one entry here; a new counter is also a line where it is
    /// counted.
    package static let catalogue: [Metric] = [
        Metric(
            id: "durable_p50_s", title: "intended time → durable, p50", unit: .seconds,
            better: .lower,
            source: .latency("durable", percentile: 50)),
        Metric(
            id: "durable_p99_s", title: "intended time → durable, p99", unit: .seconds,
            better: .lower,
            source: .latency("durable", percentile: 99), headline: true),
        Metric(
            id: "durable_p999_s", title: "intended time → durable, p99.9", unit: .seconds,
            better: .lower, source: .latency("durable", percentile: 99.9)),
        Metric(
            id: "durable_max_s", title: "intended time → durable, longest", unit: .seconds,
            better: .lower, source: .latency("durable", percentile: 100)),
        Metric(
            id: "puback_p50_s", title: "intended time → PUBACK, p50", unit: .seconds,
            better: .lower,
            source: .latency("puback", percentile: 50)),
        Metric(
            id: "puback_p99_s", title: "intended time → PUBACK, p99", unit: .seconds,
            better: .lower,
            source: .latency("puback", percentile: 99), headline: true),
        Metric(
            id: "pubrec_p99_s", title: "intended time → PUBREC, p99", unit: .seconds,
            better: .lower,
            source: .latency("pubrec", percentile: 99)),
        Metric(
            id: "flush_p99_s", title: "buffer flush, p99", unit: .seconds, better: .lower,
            source: .latency("flush", percentile: 99)),
        Metric(
            id: "generator_lag_p99_s", title: "generator lag, p99", unit: .seconds,
            better: .neither,
            source: .latency("lag", percentile: 99), headline: true),
        Metric(
            id: "stall_s", title: "writes waited for flush or compaction, window and drain",
            unit: .seconds,
            better: .lower, source: .ticker("rocksdb.stall.micros", times: 1e-6), headline: true),
        Metric(
            id: "wal_bytes", title: "WAL written, window and drain", unit: .bytes, better: .lower,
            source: .ticker("rocksdb.wal.bytes")),
        Metric(
            id: "flush_bytes", title: "written by flushes, window and drain", unit: .bytes,
            better: .lower,
            source: .ticker("rocksdb.flush.write.bytes")),
        Metric(
            id: "compaction_write_bytes", title: "written by compactions, window and drain",
            unit: .bytes,
            better: .lower, source: .ticker("rocksdb.compact.write.bytes")),
        Metric(
            id: "user_bytes", title: "bytes of write batches, window and drain", unit: .bytes,
            better: .neither,
            source: .ticker("rocksdb.bytes.written")),
        Metric(
            id: "write_amplification",
            title: "write amplification: (WAL + flushes + compactions) / write batches",
            unit: .ratio, better: .lower, source: .counter("write_amplification"), headline: true),
        Metric(
            id: "l0_cycles", title: "L0 compactions completed, all shards", unit: .count,
            better: .neither, source: .counter("l0_cycles"), headline: true),
        Metric(
            id: "flushes", title: "memtable flushes completed, all shards", unit: .count,
            better: .neither, source: .counter("flushes")),
        Metric(
            id: "l0_files_max", title: "most L0 files in one shard", unit: .count, better: .lower,
            source: .counter("l0_files_max")),
        Metric(
            id: "stall_events", title: "times a shard entered slowdown or stop", unit: .count,
            better: .lower, source: .counter("stall_events")),
        Metric(
            id: "stall_memtable_stops", title: "stops: memtables waited for their flush",
            unit: .count, better: .lower, source: .counter("stall_memtable_stops")),
        Metric(
            id: "stall_memtable_slowdowns", title: "slowdowns: memtables waited for their flush",
            unit: .count, better: .lower, source: .counter("stall_memtable_slowdowns")),
        Metric(
            id: "stall_l0_stops", title: "stops: too many L0 files", unit: .count, better: .lower,
            source: .counter("stall_l0_stops")),
        Metric(
            id: "stall_l0_slowdowns", title: "slowdowns: too many L0 files", unit: .count,
            better: .lower, source: .counter("stall_l0_slowdowns")),
        Metric(
            id: "stall_pending_stops", title: "stops: compaction owed too many bytes",
            unit: .count, better: .lower, source: .counter("stall_pending_stops")),
        Metric(
            id: "stall_pending_slowdowns", title: "slowdowns: compaction owed too many bytes",
            unit: .count, better: .lower, source: .counter("stall_pending_slowdowns")),
        Metric(
            id: "stall_unknown", title: "slowdowns and stops of a cause that cannot be told",
            unit: .count, better: .lower, source: .counter("stall_unknown")),
        Metric(
            id: "delayed_write_min_bytes_per_s",
            title: "lowest write rate that a slowdown allowed, bytes/s; 0: no slowdown was seen",
            unit: .perSecond, better: .neither,
            source: .counter("delayed_write_min_bytes_per_s")),
        Metric(
            id: "drain_s", title: "until buffers and compaction were empty after the window",
            unit: .seconds,
            better: .lower, source: .counter("drain_s")),
        Metric(
            id: "buffer_depth_max", title: "most messages waiting for a flush, all shards",
            unit: .count, better: .lower, source: .counter("buffer_depth_max")),
        Metric(
            id: "stored", title: "messages of the window that were stored", unit: .count,
            better: .neither,
            source: .counter("stored")),
        Metric(
            id: "stored_per_s", title: "messages committed per second of the window",
            unit: .perSecond,
            better: .neither, source: .counter("stored_per_s"), headline: true),
        Metric(
            id: "published", title: "PUBLISHes sent by the clients", unit: .count, better: .neither,
            source: .counter("published")),
        Metric(
            id: "acknowledged", title: "QoS 1 and 2 PUBLISHes acknowledged", unit: .count,
            better: .neither, source: .counter("acknowledged")),
        Metric(
            id: "delivered", title: "messages delivered to subscribers in the window", unit: .count,
            better: .neither, source: .counter("delivered")),
        Metric(
            id: "unsent", title: "packets of the window without a connection to go out on",
            unit: .count, better: .lower, source: .counter("unsent")),
        Metric(
            id: "refused", title: "answers with a failure code, warm-up included", unit: .count,
            better: .lower, source: .counter("refused")),
        Metric(
            id: "connections_dropped", title: "connections that the broker ended, warm-up included",
            unit: .count, better: .lower, source: .counter("connections_dropped")),
        Metric(
            id: "deliveries_dropped",
            title: "deliveries beyond the queue of a session that is not durable, warm-up included",
            unit: .count, better: .lower, source: .counter("deliveries_dropped")),
        Metric(
            id: "not_stored_by_the_end",
            title: "still waiting to be stored after the drain",
            unit: .count, better: .lower, source: .counter("not_stored_by_the_end")),
        Metric(
            id: "disk_bytes_end", title: "disk used at the end", unit: .bytes, better: .lower,
            source: .counter("disk_bytes_end")),
        Metric(
            id: "allocated_bytes_peak", title: "jemalloc allocated, peak", unit: .bytes,
            better: .lower, source: .counter("allocated_bytes_peak")),
        Metric(
            id: "active_bytes_peak", title: "jemalloc active, peak", unit: .bytes, better: .lower,
            source: .counter("active_bytes_peak")),
        Metric(
            id: "resident_bytes_peak", title: "jemalloc resident, peak", unit: .bytes,
            better: .lower,
            source: .counter("resident_bytes_peak"), headline: true),
        Metric(
            id: "allocated_bytes_end", title: "jemalloc allocated, end", unit: .bytes,
            better: .lower, source: .counter("allocated_bytes_end")),
        Metric(
            id: "active_bytes_end", title: "jemalloc active, end", unit: .bytes, better: .lower,
            source: .counter("active_bytes_end")),
        Metric(
            id: "resident_bytes_end", title: "jemalloc resident, end", unit: .bytes, better: .lower,
            source: .counter("resident_bytes_end")),
        Metric(
            id: "memtable_bytes_peak", title: "memtables of all shards, peak", unit: .bytes,
            better: .lower, source: .counter("memtable_bytes_peak")),
        Metric(
            id: "cpu_s",
            title:
                "CPU of the trial's process in the window, without what was burned for the broker",
            unit: .seconds,
            better: .lower, source: .counter("cpu_s"), headline: true),
        Metric(
            id: "shared_log_bytes", title: "bytes of the log shared by all shards", unit: .bytes,
            better: .lower, source: .counter("shared_log_bytes")),
        Metric(
            id: "broker_cpu_s", title: "CPU burned for what the modelled broker spends",
            unit: .seconds,
            better: .lower, source: .counter("broker_cpu_s")),
        Metric(
            id: "open_s", title: "opening all shards", unit: .seconds, better: .lower,
            source: .counter("open_s")),
    ]

    /// - Returns: nil for an id that no metric has, for example one from a newer study file.
    package static func find(_ id: String) -> Metric? { catalogue.first { $0.id == id } }

    /// What the study minimises; see "What is scored" in the README.
    package static let objective = "durable_p99_s"
}
