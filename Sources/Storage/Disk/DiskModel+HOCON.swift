package import HOCON
internal import Knobs
internal import Measure

/// A disk model as a file: what `Profiles/disks/` holds and `dstune probe` writes.
extension DiskModel {
    /// - Parameter file: its name, for errors about what is missing.
    /// - Throws: one sentence with file, line and remedy for the first key that is unknown, missing, or cannot
    ///   have its value.
    package init(reading config: HOCONValue, file: String) throws(HOCONError) {
        let keys = ModelKeys(config: config, file: file)
        try keys.refuseUnknown()
        let write = try keys.bytes("write.bandwidth", from: 1)
        let burst = try keys.optionalBytes("write.burst_bandwidth", from: write.count)
        let latency = try keys.latency("read.latency_us")
        let limit = try keys.bytes("page_cache.dirty_limit", from: 1)
        self.init(
            name: try keys.text("name"), source: try keys.text("source"),
            write: Throughput(
                sustained: write, burst: burst,
                credit: try keys.optionalBytes("write.burst_credit", from: 0) ?? .zero),
            read: try keys.bytes("read.bandwidth", from: 1),
            operations: try keys.operations(),
            queueDepth: try keys.count("queue_depth", in: 1...65_536),
            requestSize: try keys.bytes("request_size", from: 512),
            fsync: try keys.latency("fsync_us"), readLatency: latency,
            pageCache: PageCache(
                size: try keys.bytes("page_cache.size", from: 0),
                background: try keys.bytes(
                    "page_cache.dirty_background", from: 0, through: limit.count),
                limit: limit, expiry: try keys.duration("page_cache.dirty_expire"),
                copy: try keys.optionalBytes("page_cache.copy_bandwidth", from: 1)))
    }

    /// The file's text, which reads back as the same model.
    /// - Parameter remarks: comment lines at the top.
    package func rendered(remarks: [String] = []) -> String {
        var file = HOCONDocument()
        for remark in remarks { file.comment(remark) }
        file.set("name", .string(name))
        file.set("source", .string(source), comment: "where the figures come from")
        file.blank()
        file.open("write")
        file.set("bandwidth", .bytes(write.sustained), comment: "bytes per second")
        if write.burst > write.sustained {
            file.set("burst_bandwidth", .bytes(write.burst))
            file.set("burst_credit", .bytes(write.credit), comment: "bytes saved up at rest")
        }
        file.close()
        file.open("read")
        file.set("bandwidth", .bytes(read))
        file.set("latency_us", readLatency.hocon, comment: "microseconds of one read")
        file.close()
        if let operations {
            file.open("operations")
            file.set("per_second", .integer(Int64(operations.sustained)))
            if operations.burst > operations.sustained {
                file.set("burst_per_second", .integer(Int64(operations.burst)))
                file.set("burst_credit", .integer(Int64(operations.credit)))
            }
            file.close()
        }
        file.set("queue_depth", .integer(Int64(queueDepth)))
        file.set(
            "request_size", .bytes(requestSize), comment: "what counts as one operation at most")
        file.set(
            "fsync_us", fsync.hocon,
            comment: "microseconds of an fdatasync beyond the transfer of the file's dirty bytes")
        file.open("page_cache")
        file.set("size", .bytes(pageCache.size))
        file.set("dirty_background", .bytes(pageCache.background))
        file.set("dirty_limit", .bytes(pageCache.limit))
        file.set("dirty_expire", .string("\(pageCache.expiry.count / 1_000_000)ms"))
        if let copy = pageCache.copy {
            file.set(
                "copy_bandwidth", .bytes(copy), comment: "bytes per second of a buffered append")
        }
        file.close()
        return file.rendered()
    }
}

extension HOCONValue {
    fileprivate static func bytes(_ size: Bytes) -> HOCONValue {
        .integer(Int64(clamping: size.count))
    }
}

extension LatencyDistribution {
    fileprivate var hocon: HOCONValue {
        .object(
            HOCONObject(
                Self.names.compactMap { name in
                    time(at: name.share).map { (name.name, .number($0.microsecondsText)) }
                }))
    }
}

extension Nanoseconds {
    /// "12.5": nothing is rounded away, so that a written model reads back as it was.
    fileprivate var microsecondsText: String {
        let thousandths = String(count % 1_000 + 1_000).dropFirst()
        let fraction = thousandths.reversed().drop { $0 == "0" }.reversed()
        return fraction.isEmpty ? "\(count / 1_000)" : "\(count / 1_000).\(String(fraction))"
    }
}
