internal import Measure

/// Where the shared log keeps what: `dsrepl` below the store's directory, as EMQX does.
///
/// ```
/// dsrepl/00000007.wal                            entries of all shards, in the order they came
/// dsrepl/messages_3/snapshot                     entries up to here are in the database
/// dsrepl/messages_3/00000000000000004097.segment entries of one shard, by the index of the first
/// ```
struct LogFiles: Sendable {
    static let directoryName = "dsrepl"

    let engine: RocksEngine
    let store: String
    let directory: String

    init(below store: String, on engine: RocksEngine) {
        self.engine = engine
        self.store = store
        directory = store + "/" + Self.directoryName
    }

    func directory(of shard: Int) -> String { directory + "/" + LogRecord.name(of: shard) }
    func log(_ number: UInt64) -> String { "\(directory)/\(digits(number, 8)).wal" }
    func segment(of shard: Int, from first: UInt64) -> String {
        "\(directory(of: shard))/\(digits(first, 20)).segment"
    }

    /// Numbers of the log files that are there, in order.
    func logNumbers() throws(RocksError) -> [UInt64] {
        try numbers(in: directory, endingIn: ".wal")
    }

    /// Indices that the segments of `shard` begin with, in order.
    func segments(of shard: Int) throws(RocksError) -> [UInt64] {
        try numbers(in: directory(of: shard), endingIn: ".segment")
    }

    private func numbers(in directory: String, endingIn ending: String) throws(RocksError)
        -> [UInt64]
    {
        try engine.names(in: directory).compactMap { name in
            name.hasSuffix(ending) ? UInt64(name.dropLast(ending.count)) : nil
        }.sorted()
    }

    private func digits(_ number: UInt64, _ width: Int) -> String {
        let text = String(number)
        return String(repeating: "0", count: max(0, width - text.count)) + text
    }
}

/// What a log file begins with. It also says how much of the file before it counts: a group that could not
/// be written whole may have left bytes behind that were never acknowledged.
struct LogFileHeader: Equatable {
    /// The first group that this file may hold.
    var firstGroup: UInt64
    /// Number and length of the log file before this one; zeros if there was none.
    var previous: UInt64
    var previousLength: UInt64

    static let byteCount = 36
    private static let magic = Array("dstlog 1".utf8)

    init(firstGroup: UInt64, previous: UInt64, previousLength: UInt64) {
        self.firstGroup = firstGroup
        self.previous = previous
        self.previousLength = previousLength
    }

    var bytes: [UInt8] {
        var bytes = Self.magic
        bytes.append(little: firstGroup)
        bytes.append(little: previous)
        bytes.append(little: previousLength)
        bytes.appendChecksum()
        return bytes
    }

    init?(_ bytes: UnsafeRawBufferPointer) {
        guard let bytes = bytes.checked(Self.byteCount, Self.magic) else { return nil }
        firstGroup = bytes.little(8)
        previous = bytes.little(16)
        previousLength = bytes.little(24)
    }
}

/// How far a shard's database holds the log, flushed and synced: entries up to `index` need no replay.
struct LogSnapshot: Sendable, Equatable {
    var index: UInt64 = 0
    /// Timestamp of the shard's last message then, microseconds.
    var latest: UInt64 = 0

    private static let byteCount = 28
    private static let magic = Array("dstsnap1".utf8)

    static func path(in directory: String) -> String { directory + "/snapshot" }

    /// In place of the one before, durably: a crash leaves one or the other.
    func write(in directory: String, on engine: RocksEngine) throws(RocksError) -> Int {
        var bytes = Self.magic
        bytes.append(little: index)
        bytes.append(little: latest)
        bytes.appendChecksum()
        let path = Self.path(in: directory)
        let new = path + ".new"
        if try engine.names(in: directory).contains("snapshot.new") { try engine.remove(new) }
        var file = try AppendFile(creating: new, on: engine)
        try file.append(bytes)
        try file.sync()
        try engine.rename(new, to: path)
        try engine.syncDirectory(directory)
        return bytes.count
    }

    init(index: UInt64 = 0, latest: UInt64 = 0) {
        self.index = index
        self.latest = latest
    }

    init?(_ bytes: UnsafeRawBufferPointer) {
        guard bytes.count == Self.byteCount, let bytes = bytes.checked(Self.byteCount, Self.magic)
        else { return nil }
        index = bytes.little(8)
        latest = bytes.little(16)
    }
}

extension [UInt8] {
    fileprivate mutating func appendChecksum() {
        var sum = Adler32()
        withUnsafeBytes { sum.update($0) }
        append(little: sum.value)
    }
}

extension UnsafeRawBufferPointer {
    /// The first `count` bytes without their checksum, if it is right and they begin with `magic`.
    fileprivate func checked(_ count: Int, _ magic: [UInt8]) -> UnsafeRawBufferPointer? {
        guard self.count >= count else { return nil }
        let body = UnsafeRawBufferPointer(rebasing: self[..<(count - 4)])
        var sum = Adler32()
        sum.update(body)
        guard sum.value == little(count - 4, as: UInt32.self), body.starts(with: magic) else {
            return nil
        }
        return body
    }
}
