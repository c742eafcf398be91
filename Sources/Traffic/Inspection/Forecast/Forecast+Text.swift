extension Forecast {
    var lines: [String] {
        var rows: [(String, String)] = []
        if let rates {
            rows.append(
                (
                    "stored",
                    "\(figure(rates.messages)) messages/s, \(figure(rates.puts)) puts/s, "
                        + "\(size(rates.valueBytes))/s of values, \(size(rates.walBytes))/s of log"
                ))
        }
        if let busiest = shards.max(by: { $0.rates.memtableBytes < $1.rates.memtableBytes }),
            recorded.messages > 0
        {
            let active = shards.count { $0.rates.messages > 0 }
            rows.append(
                (
                    "shards",
                    "\(active) of \(shards.count) are written to; the busiest, \(busiest.shard), gets "
                        + "\(size(busiest.rates.memtableBytes))/s in \(figure(busiest.rates.puts)) puts/s"
                ))
        }
        rows.append(
            ("topics", "\(recorded.streams) streams, \(recorded.triePuts) learned rows"))
        if let flush = firstFlushSeconds, let compaction = firstCompactionSeconds,
            let busiestFlush = busiestFirstFlushSeconds,
            let busiestCompaction = busiestFirstCompactionSeconds
        {
            rows.append(
                (
                    "first flush",
                    "after \(duration(flush)) in an even shard, \(duration(busiestFlush)) in the busiest"
                ))
            rows.append(
                (
                    "L0 compaction",
                    "first after \(duration(compaction)), \(duration(busiestCompaction)) in the busiest"
                ))
            rows.append(
                (
                    "disk",
                    "\(size(disk.tableBytesLow)) to \(size(disk.tableBytesHigh)) of tables at a retention of "
                        + "\(duration(disk.retentionSeconds)), up to \(size(disk.logBytes)) of logs"
                ))
        }
        rows.append(
            (
                "memory",
                "\(size(memory.memtableBytes)) of memtables, at most \(size(memory.memtableLimitBytes)); "
                    + "block caches up to \(size(memory.blockCacheBytes))"
            ))
        let what = scope == .all ? "all publishes" : "what durable subscriptions match"
        return ["", "forecast for \(version), \(engine), of \(what)"] + table(rows)
            + wrapped(sentence, first: "  ")
    }
}
