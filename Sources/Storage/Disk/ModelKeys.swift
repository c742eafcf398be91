internal import HOCON
internal import Knobs
internal import Measure

/// The keys of a disk model's file, read with what each may be.
struct ModelKeys {
    let config: HOCONValue
    let file: String

    private static let known: [String] =
        [
            "name", "source", "write.bandwidth", "write.burst_bandwidth", "write.burst_credit",
            "read.bandwidth", "operations.per_second", "operations.burst_per_second",
            "operations.burst_credit", "queue_depth", "request_size", "page_cache.size",
            "page_cache.dirty_background", "page_cache.dirty_limit", "page_cache.dirty_expire",
            "page_cache.copy_bandwidth",
        ]
        + ["fsync_us", "read.latency_us"].flatMap { block in
            LatencyDistribution.names.map { "\(block).\($0.name)" }
        }

    func refuseUnknown() throws(HOCONError) {
        for (path, entry) in config.leaves where !Self.known.contains(path) {
            let hint = nearest(to: path, among: Self.known).map { "; did you mean `\($0)`?" }
            throw entry.error("`\(path)` is not a key of a disk model" + (hint ?? ""))
        }
    }

    func text(_ path: String) throws(HOCONError) -> String {
        guard let text = try config.string(at: path) else {
            throw missing(path, "text in quotes")
        }
        return text
    }

    func bytes(
        _ path: String, from lowest: UInt64, through highest: UInt64 = UInt64(Int64.max)
    ) throws(HOCONError) -> Bytes {
        guard let size = try optionalBytes(path, from: lowest, through: highest) else {
            throw missing(path, "a size, as \"64MB\" or as a number of bytes")
        }
        return size
    }

    func optionalBytes(
        _ path: String, from lowest: UInt64, through highest: UInt64 = UInt64(Int64.max)
    ) throws(HOCONError) -> Bytes? {
        guard let entry = config.entry(at: path) else { return nil }
        let size = try entry.bytes(path)
        guard size >= 0, UInt64(size) >= lowest, UInt64(size) <= highest else {
            let most = highest == UInt64(Int64.max) ? "" : " and at most \(highest)"
            throw entry.error(
                "`\(path)` is \(entry.value.inline); write at least \(lowest)\(most) bytes")
        }
        return Bytes(UInt64(size))
    }

    func count(_ path: String, in range: ClosedRange<Int>) throws(HOCONError) -> Int {
        guard let count = try optionalCount(path, in: range) else {
            throw missing(path, "a whole number")
        }
        return count
    }

    func duration(_ path: String) throws(HOCONError) -> Nanoseconds {
        guard let entry = config.entry(at: path) else {
            throw missing(path, "a duration, as \"30s\"")
        }
        let time = try entry.duration(path)
        guard (0...86_400_000).contains(time) else {
            throw entry.error("`\(path)` is \(entry.value.inline); write at most a day")
        }
        return .milliseconds(time)
    }

    func operations() throws(HOCONError) -> DiskModel.OperationRate? {
        let most = 1_000_000_000
        guard config.entry(at: "operations") != nil else { return nil }
        let sustained = try count("operations.per_second", in: 1...most)
        return DiskModel.OperationRate(
            sustained: sustained,
            burst: try optionalCount("operations.burst_per_second", in: sustained...most),
            credit: try optionalCount("operations.burst_credit", in: 0...most) ?? 0)
    }

    /// A block of percentiles in microseconds: `min`, `p50` and `max`, and any of those between.
    func latency(_ path: String) throws(HOCONError) -> LatencyDistribution {
        let longest = 60e6
        var points: [LatencyDistribution.Point] = []
        for (name, share) in LatencyDistribution.names {
            let key = "\(path).\(name)"
            guard let entry = config.entry(at: key) else {
                guard name != "min", name != "p50", name != "max" else {
                    throw missing(key, "microseconds")
                }
                continue
            }
            guard case .number(let digits) = entry.value, let value = Double(digits),
                value >= 0, value <= longest
            else {
                throw entry.error(
                    "`\(key)` is \(entry.value.inline); write microseconds as a number from 0 to 60000000"
                )
            }
            let time = Nanoseconds(Int64((value * 1_000).rounded()))
            if let last = points.last, time < last.time {
                throw entry.error(
                    "`\(key)` is \(entry.value.inline), less than the percentile before it; write them in ascending order"
                )
            }
            points.append(LatencyDistribution.Point(share: share, time: time))
        }
        return LatencyDistribution(points: points)
    }

    private func optionalCount(
        _ path: String, in range: ClosedRange<Int>
    ) throws(HOCONError) -> Int? {
        guard let entry = config.entry(at: path) else { return nil }
        let count = try entry.integer(path)
        guard let count = Int(exactly: count), range.contains(count) else {
            throw entry.error(
                "`\(path)` is \(entry.value.inline); write a number from \(range.lowerBound) to \(range.upperBound)"
            )
        }
        return count
    }

    /// At its block, if there is one, else at the start of the file.
    private func missing(_ path: String, _ wanted: String) -> HOCONError {
        let parts = path.split(separator: ".").dropLast()
        let block = config.entry(at: parts.joined(separator: "."))?.position
        return HOCONError(
            block ?? HOCONPosition(file: file, line: 1, column: 1),
            "`\(path)` is missing; a disk model needs it, \(wanted)")
    }
}
