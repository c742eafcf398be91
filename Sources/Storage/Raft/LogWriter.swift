internal import Measure

/// The one thread that writes the shared log: what waits becomes a group, one write and one fdatasync, and
/// then all shards in it go on (Ra's strategy `default`, reference 3.8). Confined to its thread.
struct LogWriter: ~Copyable {
    private let log: SharedLog
    private var seed: Seed
    private var file: AppendFile?
    /// The open file, or the one that would be next.
    private var number: UInt64
    private var group: UInt64
    private var previous: (number: UInt64, length: UInt64)
    private var records = RecordWriter()
    /// Bytes of the open file that were written whole.
    private var length = 0
    private var last: [Int: UInt64] = [:]
    /// The size that closes the open file.
    private var limit: UInt64
    private var bytes: [UInt8] = []

    init(
        _ log: SharedLog, file: UInt64, group: UInt64, previous: (number: UInt64, length: UInt64),
        seed: Seed
    ) {
        self.log = log
        self.seed = seed
        number = file
        self.group = group
        self.previous = previous
        // Ra fills the first file after a start to half of its size or more, so that the nodes of a
        // cluster do not all roll over at once.
        limit = UInt64(Double(log.model.fileBytes) * Double.random(in: 0.5...1, using: &self.seed))
    }

    mutating func run() {
        var entries: [LogEntry] = []
        while log.intake.take(into: &entries, most: log.model.batchEntries) {
            do throws(RocksError) {
                try write(entries)
                log.intake.answer(&entries, nil)
            } catch {
                log.counters.count { $0.failedGroups += 1 }
                // Nobody knows what of it is in the file: the next group goes into a new one, whose header
                // says how much of this one counts.
                if file != nil { closeFile() }
                log.intake.answer(&entries, error)
            }
        }
        if file != nil { file = nil }
    }

    private mutating func write(_ entries: [LogEntry]) throws(RocksError) {
        if file == nil { try openFile() }
        bytes.removeAll(keepingCapacity: true)
        for (place, entry) in entries.enumerated() {
            records.append(
                entry.command, shard: entry.shard, index: entry.index, group: group,
                startsGroup: place == 0, to: &bytes)
        }
        group += 1
        try file?.append(bytes)
        log.step(.appended)
        try file?.sync()
        length += bytes.count
        for entry in entries { last[entry.shard] = entry.index }
        let written = Bytes(UInt64(bytes.count))
        log.counters.count {
            $0.groups += 1
            $0.entries += entries.count
            $0.logBytes += written
            $0.syncs += 1
        }
        log.step(.synced)
        if UInt64(length) >= limit {
            closeFile()
            limit = log.model.fileBytes
            log.counters.count { $0.rollovers += 1 }
        }
    }

    private mutating func openFile() throws(RocksError) {
        let engine = log.files.engine
        let path = log.files.log(number)
        // A number is used once, so that a file that could not be begun does not stand in the way.
        number += 1
        let header = LogFileHeader(
            firstGroup: group, previous: previous.number, previousLength: previous.length
        ).bytes
        var new = try AppendFile(creating: path, on: engine)
        try new.append(header)
        try new.sync()
        try engine.syncDirectory(log.files.directory)
        file = consume new
        records = RecordWriter()
        length = header.count
        last = [:]
        log.counters.count {
            $0.logBytes += Bytes(UInt64(header.count))
            $0.otherSyncs += 1
        }
    }

    private mutating func closeFile() {
        file = nil
        previous = (number - 1, UInt64(length))
        log.closedFiles.append(
            ClosedLogFile(number: number - 1, length: length, last: last))
    }
}
