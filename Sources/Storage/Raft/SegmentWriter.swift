internal import Measure

/// A log file that takes no more entries.
struct ClosedLogFile: Sendable {
    let number: UInt64
    /// Bytes that count; behind them may be what a failed write left.
    let length: Int
    /// The last index of each shard in it.
    let last: [Int: UInt64]
}

/// Copies what survives of full log files to segments, one file of entries for each shard, and deletes the
/// log file then (reference 3.8). Confined to its thread.
///
/// Ra copies from memory; here the file, which was just written, is read back through the file system.
struct SegmentWriter: ~Copyable {
    /// A segment that takes more entries.
    private final class OpenSegment {
        let start: UInt64
        var file: AppendFile
        var records = RecordWriter()
        var count = 0
        var last: UInt64 = 0

        init(start: UInt64, file: consuming AppendFile) {
            self.start = start
            self.file = file
        }
    }

    /// How long to wait after the disk refused a copy: the log file stays, nothing is lost.
    private static let pause = 0.2

    private let log: SharedLog
    private var open: [Int: OpenSegment] = [:]
    private var bytes: [UInt8] = []

    init(_ log: SharedLog) { self.log = log }

    mutating func run() {
        while let file = log.closedFiles.take() {
            while true {
                do throws(RocksError) {
                    try copy(file)
                    break
                } catch {
                    open.removeAll()
                    log.counters.count { $0.failedCopies += 1 }
                    guard log.closedFiles.pause(seconds: Self.pause) else { return }
                }
            }
        }
    }

    private mutating func copy(_ file: ClosedLogFile) throws(RocksError) {
        let path = log.files.log(file.number)
        let survivors = file.last.filter { log.shards[$0].firstUncopied <= $1 }
        if !survivors.isEmpty {
            let contents = try log.files.engine.contents(of: path)
            var records: [Int: [LogRecord]] = [:]
            let read = contents.withUnsafeBytes { contents in
                var offset = LogFileHeader.byteCount
                while offset < file.length, let record = LogRecord(in: contents, at: offset) {
                    if survivors[record.shard] != nil {
                        records[record.shard, default: []].append(record)
                    }
                    offset = record.command.upperBound
                }
                return offset
            }
            guard read == file.length else {
                // `rocksdb::Status::kCorruption`.
                throw RocksError(
                    code: 2, subcode: 0, description: "\(path) cannot be read behind byte \(read)")
            }
            for (shard, records) in records.sorted(by: { $0.key < $1.key }) {
                let first = log.shards[shard].firstUncopied
                try copy(records.drop { $0.index < first }, of: shard, from: contents)
                log.step(.copied(shard: shard))
            }
        }
        try log.files.engine.remove(path)
        try log.files.engine.syncDirectory(log.files.directory)
    }

    private mutating func copy(
        _ records: ArraySlice<LogRecord>, of shard: Int, from contents: [UInt8]
    ) throws(RocksError) {
        var rest = records
        while let first = rest.first {
            let room = log.model.segmentEntries - (open[shard]?.count ?? 0)
            let part = rest.prefix(room)
            guard let last = part.last else {
                open[shard] = nil
                continue
            }
            let start = open[shard]?.start ?? first.index
            guard log.shards[shard].reserve(first.index, through: last.index, in: start) else {
                // Released meanwhile: its file is gone.
                open[shard] = nil
                continue
            }
            do throws(RocksError) {
                try append(part, of: shard, from: contents)
            } catch {
                log.shards[shard].retract(from: start, to: open[shard]?.last ?? 0)
                throw error
            }
            rest = rest.dropFirst(part.count)
        }
    }

    private mutating func append(
        _ records: ArraySlice<LogRecord>, of shard: Int, from contents: [UInt8]
    ) throws(RocksError) {
        let segment = try segment(of: shard, from: records[records.startIndex].index)
        bytes.removeAll(keepingCapacity: true)
        for record in records {
            segment.records.append(
                Array(contents[record.command]), shard: shard, index: record.index,
                group: record.group, startsGroup: record.startsGroup, to: &bytes)
        }
        try segment.file.append(bytes)
        try segment.file.sync()
        segment.count += records.count
        segment.last = records[records.endIndex - 1].index
        let written = Bytes(UInt64(bytes.count))
        log.counters.count {
            $0.segmentBytes += written
            $0.otherSyncs += 1
        }
    }

    private mutating func segment(of shard: Int, from first: UInt64) throws(RocksError)
        -> OpenSegment
    {
        if let segment = open[shard] { return segment }
        let engine = log.files.engine
        // A copy that failed halfway may have left a file that begins with the same entry.
        if try log.files.segments(of: shard).contains(first) {
            try engine.remove(log.files.segment(of: shard, from: first))
        }
        let segment = OpenSegment(
            start: first,
            file: try AppendFile(creating: log.files.segment(of: shard, from: first), on: engine))
        try engine.syncDirectory(log.files.directory(of: shard))
        open[shard] = segment
        return segment
    }
}
