internal import Foundation
internal import Glibc
internal import Layout
internal import Synchronization

/// The last timestamp of every shard, in one log that all shards append to after each flush: EMQX 5.8's
/// local backend keeps it in a mnesia table of kind disc_copies (reference 3.4).
///
/// A record is what mnesia's log would get: a `#commit` term with one write of
/// `{emqx_ds_builtin_local_timestamp_tab, {DB, Shard}, Latest}` (field order of lib/mnesia/src/mnesia.hrl,
/// table of emqx_ds_builtin_local_meta.erl), after disk_log's header of four bytes of size and four of
/// magic. So its size, about 210 bytes, is computed from those sources, not measured on a running EMQX;
/// the node is taken to be called emqx@127.0.0.1, EMQX's default. It is never synced, as there.
///
/// After so many records mnesia dumps its log into the table's file; here the log is then written anew with
/// one record a shard.
final class TimestampRecord: Sendable {
    private struct State: Sendable {
        var file: Int32 = -1
        /// Bytes of whole records.
        var bytes = 0
        var records = 0
        var latest: [Int: UInt64]
        var scratch: [UInt8] = []
    }

    /// OTP's default of `dump_log_write_threshold`.
    static let recordsPerDump = 1_000
    /// disk_log's mark of a record (12, 33, 44, 55).
    private static let magic: [UInt8] = [12, 33, 44, 55]
    private static let table = "emqx_ds_builtin_local_timestamp_tab"

    private let path: String
    private let state: Mutex<State>

    /// Reads what is at `path`, and begins the log anew with it.
    /// - Throws: `.unreadable`, `.refused`.
    init(path: String) throws(TimestampRecordError) {
        self.path = path
        var state = State(latest: try Self.read(path))
        try Self.rewrite(path, &state)
        self.state = Mutex(state)
    }

    deinit { state.withLock { _ = Glibc.close($0.file) } }

    /// Timestamp of the last message of `shard` as far as it was recorded, microseconds.
    func latest(of shard: Int) -> UInt64? { state.withLock { $0.latest[shard] } }

    /// Appends one record. A shard's first write that fails leaves no half record behind.
    func note(_ latest: UInt64, of shard: Int) throws(TimestampRecordError) {
        try state.withLock { state throws(TimestampRecordError) in
            state.latest[shard] = latest
            guard state.records < Self.recordsPerDump else {
                return try Self.rewrite(path, &state)
            }
            state.scratch.removeAll(keepingCapacity: true)
            Self.append(latest, of: shard, to: &state.scratch)
            let written = state.scratch.withUnsafeBytes {
                Glibc.write(state.file, $0.baseAddress, $0.count)
            }
            guard written == state.scratch.count else {
                let reason = written < 0 ? errno : ENOSPC
                // A half record would hide those that follow it.
                ftruncate(state.file, off_t(state.bytes))
                throw .refused(path: path, code: reason)
            }
            state.bytes += written
            state.records += 1
        }
    }

    /// The bytes of one record.
    static func append(_ latest: UInt64, of shard: Int, to bytes: inout [UInt8]) {
        let key = Term.tuple([.atom("messages"), .binary(Array("\(shard)".utf8))])
        let row = Term.tuple([.atom(table), key, .integer(Int64(clamping: latest))])
        let write = Term.tuple([.tuple([.atom(table), key]), row, .atom("write")])
        let commit = Term.tuple([
            .atom("commit"), .atom("emqx@127.0.0.1"), .atom("presume_commit"), .list([]),
            .list([write]), .list([]), .list([]), .list([]),
        ]).encoded
        withUnsafeBytes(of: UInt32(commit.count).bigEndian) { bytes.append(contentsOf: $0) }
        bytes.append(contentsOf: magic)
        bytes.append(contentsOf: commit)
    }

    /// The last value of each shard. What follows a record that is not whole was never acknowledged to
    /// anybody and is passed over, as after a kill.
    private static func read(_ path: String) throws(TimestampRecordError) -> [Int: UInt64] {
        guard FileManager.default.fileExists(atPath: path) else { return [:] }
        guard let data = FileManager.default.contents(atPath: path) else {
            throw .unreadable(path: path)
        }
        let bytes = Array(data)
        var latest: [Int: UInt64] = [:]
        var start = 0
        while bytes.count - start >= 8 {
            let size = bytes[start..<start + 4].reduce(0) { $0 << 8 | Int($1) }
            let body = start + 8..<start + 8 + size
            guard Array(bytes[start + 4..<start + 8]) == magic, body.upperBound <= bytes.count,
                let (shard, time) = parse(bytes.span.bytes.extracting(body))
            else { break }
            latest[shard] = max(latest[shard] ?? 0, time)
            start = body.upperBound
        }
        return latest
    }

    private static func parse(_ bytes: RawSpan) -> (shard: Int, latest: UInt64)? {
        guard let term = try? Term(decoding: bytes), case .tuple(let commit) = term,
            commit.count == 8, case .list(let writes) = commit[4],
            case .tuple(let write)? = writes.first, write.count == 3,
            case .tuple(let row) = write[1], row.count == 3,
            case .tuple(let key) = row[1], key.count == 2, case .binary(let shard) = key[1],
            let number = Int(String(decoding: shard, as: UTF8.self)),
            case .integer(let latest) = row[2], latest >= 0
        else { return nil }
        return (number, UInt64(latest))
    }

    /// One record a shard, in a new file that takes the old one's place.
    private static func rewrite(
        _ path: String, _ state: inout State
    ) throws(TimestampRecordError) {
        var bytes: [UInt8] = []
        for (shard, latest) in state.latest.sorted(by: { $0.key < $1.key }) {
            append(latest, of: shard, to: &bytes)
        }
        let new = path + ".new"
        let file = open(new, O_WRONLY | O_CREAT | O_TRUNC | O_APPEND | O_CLOEXEC, 0o600)
        guard file >= 0 else { throw .refused(path: new, code: errno) }
        let written = bytes.withUnsafeBytes { Glibc.write(file, $0.baseAddress, $0.count) }
        guard written == bytes.count, rename(new, path) == 0 else {
            let reason = written >= 0 && written < bytes.count ? ENOSPC : errno
            _ = Glibc.close(file)
            throw .refused(path: path, code: reason)
        }
        if state.file >= 0 { _ = Glibc.close(state.file) }
        state.file = file
        state.bytes = bytes.count
        state.records = 0
    }
}

/// The record of timestamps cannot be kept.
package enum TimestampRecordError: Error, Equatable, CustomStringConvertible {
    case unreadable(path: String)
    /// `errno` of the system.
    case refused(path: String, code: Int32)

    package var description: String {
        switch self {
        case .unreadable(let path): "\(path): cannot be read; check its permissions"
        case .refused(let path, let code):
            "\(path): cannot be written (\(String(cString: strerror(code)))); "
                + "free space there or check its permissions"
        }
    }

    var isNoSpace: Bool {
        if case .refused(_, let code) = self { code == ENOSPC || code == EDQUOT } else { false }
    }
}
