internal import Foundation
internal import Layout
internal import MQTT
internal import Measure
internal import Synchronization

/// Brings the databases of a store to where its log is: entries behind each shard's snapshot, from segments
/// and then from log files, are applied again. The same entry leaves the same rows, because it carries the
/// timestamp it counts from and because a topic that the trie knows keeps its stream.
///
/// What is missing and what was synced differ here. The tail of the last write to a file may be torn; that
/// nobody was told of it is certain as long as nothing behind it shows that the write was finished. Anything
/// else that cannot be read is an error, since a shard's entries have to be without a gap.
struct LogRecovery {
    /// Where reading a segment ended early, and the entry that was due there.
    private struct Break {
        let path: String
        let offset: Int
        let due: UInt64
    }

    private let files: LogFiles
    private let model: RaftModel
    private let replays: [Replay]
    /// Files to delete once everything was read.
    private var obsolete: [String] = []
    private(set) var closedFiles: [ClosedLogFile] = []
    private(set) var nextFile: UInt64 = 1
    private(set) var nextGroup: UInt64 = 1
    /// Number and length of the newest log file.
    private(set) var previous: (number: UInt64, length: UInt64) = (0, 0)

    init(_ files: LogFiles, _ model: RaftModel, _ shards: [Shard]) {
        self.files = files
        self.model = model
        replays = shards.map { Replay($0, model, directory: files.directory(of: $0.number)) }
    }

    var logs: [ShardLog] { replays.map(\.log) }
    var replayedEntries: Int { replays.reduce(0) { $0 + $1.entries } }

    mutating func run() throws(StoreOpenError) {
        for replay in replays { try makeDirectory(replay.directory) }
        // What is synced below has to be found after power was lost.
        try reading(files.directory, files.engine.syncDirectory)
        try reading(files.store, files.engine.syncDirectory)
        for replay in replays {
            try readSnapshot(of: replay)
            try readSegments(of: replay)
        }
        try readLogs()
        for replay in replays {
            if let place = replay.torn, place.due > replay.last { throw place.error }
        }
        for path in obsolete { try reading(path, files.engine.remove) }
    }

    private func makeDirectory(_ path: String) throws(StoreOpenError) {
        do {
            // Not through the engine, whose directories everybody may read.
            try FileManager.default.createDirectory(
                atPath: path, withIntermediateDirectories: true,
                attributes: [.posixPermissions: 0o700])
        } catch { throw StoreOpenError(path: path, reason: "\(error)") }
    }

    private func readSnapshot(of replay: Replay) throws(StoreOpenError) {
        let path = LogSnapshot.path(in: replay.directory)
        guard try reading(replay.directory, files.engine.names).contains("snapshot") else { return }
        let bytes = try reading(path, files.engine.contents)
        guard let snapshot = bytes.withUnsafeBytes({ LogSnapshot($0) }) else {
            throw .damaged(path, at: 0, "the snapshot of shard \(replay.shard.number)")
        }
        replay.start(after: snapshot)
    }

    private mutating func readSegments(of replay: Replay) throws(StoreOpenError) {
        let number = replay.shard.number
        let starts = try reading(replay.directory) { _ throws(RocksError) in
            try files.segments(of: number)
        }
        for first in starts {
            let path = files.segment(of: number, from: first)
            let bytes = try reading(path, files.engine.contents)
            var due = first
            var offset = 0
            while let record = bytes.withUnsafeBytes({ LogRecord(in: $0, at: offset) }),
                record.shard == number
            {
                try replay.apply(record, of: bytes, at: path)
                due = record.index + 1
                offset = record.command.upperBound
            }
            if offset < bytes.count || due == first {
                replay.torn = Replay.Tear(path: path, offset: offset, due: due, shard: number)
            }
            if due == first || due <= replay.snapshot.index + 1 {
                obsolete.append(path)
            } else {
                replay.segments.append(ShardLog.Segment(first: first, last: due - 1))
            }
        }
    }

    private mutating func readLogs() throws(StoreOpenError) {
        let numbers = try reading(files.directory) { _ throws(RocksError) in
            try files.logNumbers()
        }
        var open: LogFileTail?
        for number in numbers {
            nextFile = number + 1
            let path = files.log(number)
            let bytes = try reading(path, files.engine.contents)
            guard let header = bytes.withUnsafeBytes({ LogFileHeader($0) }) else {
                guard bytes.count <= LogFileHeader.byteCount else {
                    throw .damaged(path, at: 0, "the header")
                }
                // It was never begun.
                obsolete.append(path)
                continue
            }
            if let open { try read(open, closedAt: header) }
            open = LogFileTail(
                number: number, path: path, bytes: bytes, firstGroup: header.firstGroup)
        }
        if let open { try read(open, closedAt: nil) }
    }

    private struct LogFileTail {
        let number: UInt64
        let path: String
        let bytes: [UInt8]
        let firstGroup: UInt64
    }

    private mutating func read(_ file: LogFileTail, closedAt next: LogFileHeader?)
        throws(StoreOpenError)
    {
        let closed = next.flatMap { $0.previous == file.number ? Int($0.previousLength) : nil }
        let end = closed ?? file.bytes.count
        guard end <= file.bytes.count else {
            throw .damaged(file.path, at: file.bytes.count, "the rest of a file of \(end) bytes")
        }
        var last: [Int: UInt64] = [:]
        var group = file.firstGroup - 1
        var offset = LogFileHeader.byteCount
        while offset < end {
            guard let record = file.bytes.withUnsafeBytes({ LogRecord(in: $0, at: offset) }),
                record.command.upperBound <= end
            else {
                let isTorn =
                    closed == nil
                    && !file.bytes.withUnsafeBytes {
                        LogRecord.laterGroupStarts(in: $0, behind: offset, after: group)
                    }
                guard isTorn else {
                    throw .damaged(file.path, at: offset, "an entry with whole ones behind it")
                }
                break
            }
            guard record.shard < replays.count else {
                throw StoreOpenError(
                    path: file.path, problem: .foreign,
                    reason: "it holds entries of shard \(record.shard) and the store has "
                        + "\(replays.count) shards: open it with the n_shards it was made with")
            }
            try replays[record.shard].apply(record, of: file.bytes, at: file.path)
            last[record.shard] = record.index
            group = record.group
            offset = record.command.upperBound
        }
        closedFiles.append(ClosedLogFile(number: file.number, length: offset, last: last))
        previous = (file.number, UInt64(offset))
        nextGroup = max(nextGroup, group + 1)
    }

    private func reading<Result>(
        _ path: String, _ body: (String) throws(RocksError) -> Result
    ) throws(StoreOpenError) -> Result {
        do { return try body(path) } catch { throw StoreOpenError(path: path, reason: "\(error)") }
    }
}
