internal import Foundation

/// What RocksDB's info log of a shard says: the files LOG and LOG.old.*, which EMQX leaves at ten of 1 MiB
/// each, so that a busy shard's reach back a few days (reference 5.3).
package struct LogSummary: Encodable, Equatable, Sendable {
    /// A kind of stall, named as the metrics of a trial name it.
    package enum Stall: String, CaseIterable, Sendable {
        case memtableStops = "memtable_stops"
        case memtableSlowdowns = "memtable_slowdowns"
        case l0Stops = "l0_stops"
        case l0Slowdowns = "l0_slowdowns"
        case pendingStops = "pending_stops"
        case pendingSlowdowns = "pending_slowdowns"
    }

    /// Warnings of one kind: "Stopping writes because…" and "Stalling writes because…". RocksDB writes one
    /// each time it looks and finds the condition, so they are at least as many as the stalls.
    package struct Warnings: Encodable, Equatable, Sendable {
        package var count = 0
        /// As the log stamps them: local time of the broker.
        package var first = ""
        package var last = ""
        /// The last one, from "Stopping" or "Stalling" on.
        package var text = ""
    }

    package struct Jobs: Encodable, Equatable, Sendable {
        package var count = 0
        /// Of flushes: data of the memtables; of compactions: files read.
        package var bytesIn = 0
        /// Of compactions: files written.
        package var bytesOut = 0
        package var reasons: [String: Int] = [:]

        enum CodingKeys: String, CodingKey {
            case count, bytesIn = "input_bytes", bytesOut = "output_bytes", reasons
        }

        static func + (a: Jobs, b: Jobs) -> Jobs {
            Jobs(
                count: a.count + b.count, bytesIn: a.bytesIn + b.bytesIn,
                bytesOut: a.bytesOut + b.bytesOut,
                reasons: a.reasons.merging(b.reasons, uniquingKeysWith: +))
        }
    }

    package internal(set) var files = 0
    /// Files of which only the end was read.
    package internal(set) var filesCutShort = 0
    /// Stamps of the first and the last line.
    package internal(set) var first: String?
    package internal(set) var last: String?
    /// RocksDB's, each once, in the order seen.
    package internal(set) var versions: [String] = []
    package internal(set) var warnings: [String: Warnings] = [:]
    /// From the periodic statistics, summed over the runs of the broker: writes delayed or stopped, seconds.
    package internal(set) var stallSeconds = 0.0
    /// From the periodic statistics ("Stalls(count)"), summed over runs and column families. They are
    /// written every ten minutes, and know nothing of what came after the last time.
    package internal(set) var stalls: [String: Int] = [:]
    package internal(set) var flushes = Jobs()
    package internal(set) var compactions = Jobs()
    /// Lines of level ERROR, and the last one.
    package internal(set) var errors = 0
    package internal(set) var lastError: String?
    /// Options dumped at the last opening: of the database under "", of column families by name.
    package internal(set) var options: [String: [String: String]] = [:]

    enum CodingKeys: String, CodingKey {
        case files, filesCutShort = "files_cut_short", first, last,
            versions = "rocksdb_versions", warnings, stallSeconds = "stall_s",
            stalls = "stalls_in_statistics", flushes, compactions, errors, lastError = "last_error"
    }

    init() {}

    /// Reads the logs in `directory`, oldest first. None at all is no error: a copy may lack them.
    init(of directory: String) throws(DiagnoseError) {
        let names = (try? FileManager.default.contentsOfDirectory(atPath: directory)) ?? []
        // LOG.old.<microseconds>
        let old = names.compactMap { name in
            name.hasPrefix("LOG.old.")
                ? UInt64(name.dropFirst(8)).map { (name: name, time: $0) } : nil
        }.sorted { $0.time < $1.time }
        var reader = LogReader()
        for name in old.map(\.name) + names.filter({ $0 == "LOG" }) {
            try reader.read(directory + "/" + name)
        }
        self = reader.finish()
    }

    package func warnings(_ stall: Stall) -> Warnings { warnings[stall.rawValue] ?? Warnings() }

    static func + (a: LogSummary, b: LogSummary) -> LogSummary {
        var sum = a
        sum.files += b.files
        sum.filesCutShort += b.filesCutShort
        sum.first = [a.first, b.first].compactMap(\.self).min()
        sum.last = [a.last, b.last].compactMap(\.self).max()
        sum.versions += b.versions.filter { !a.versions.contains($0) }
        sum.warnings.merge(b.warnings) { one, other in
            let late = one.last < other.last ? other : one
            return Warnings(
                count: one.count + other.count, first: min(one.first, other.first),
                last: late.last, text: late.text)
        }
        sum.stallSeconds += b.stallSeconds
        sum.stalls.merge(b.stalls, uniquingKeysWith: +)
        sum.flushes = a.flushes + b.flushes
        sum.compactions = a.compactions + b.compactions
        sum.errors += b.errors
        sum.lastError = b.lastError ?? a.lastError
        if sum.options.isEmpty { sum.options = b.options }
        return sum
    }
}
