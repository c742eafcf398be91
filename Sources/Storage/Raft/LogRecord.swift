/// An entry as the files of the shared log and its segments hold it, framed at Ra's cost: three bytes that
/// name its writer and 24 of fields before the command (reference 3.8).
///
/// ```
/// 3  writer: number (22 bits), starts a group (1), its name follows (1)
/// 2  length of the name, and the name: on a writer's first use in a file
/// 4  adler32 of everything else in the record
/// 4  length of the command
/// 8  index of the entry in its shard
/// 8  group: entries of one write; counts up through all files. Ra has the term here, which stays the
///    same as long as nobody else is elected
///    the command
/// ```
struct LogRecord: Sendable, Equatable {
    var shard: Int
    var index: UInt64
    var group: UInt64
    var startsGroup: Bool
    /// Where the command is in the bytes that were read.
    var command: Range<Int>

    static let writerBytes = 3
    static let fieldBytes = 24
    static let writers = 1 << 22
    static let groupFlag: UInt32 = 1 << 22
    static let nameFlag: UInt32 = 1 << 23

    /// A shard's name as a writer, as EMQX names the Ra cluster of a shard.
    static func name(of shard: Int) -> String { "messages_\(shard)" }

    static func shard(named name: some StringProtocol) -> Int? {
        let prefix = "messages_"
        guard name.hasPrefix(prefix) else { return nil }
        return Int(name.dropFirst(prefix.count))
    }
}

/// Frames entries for one file, and knows which writers it has named there.
struct RecordWriter {
    private var named: Set<Int> = []

    mutating func append(
        _ command: [UInt8], shard: Int, index: UInt64, group: UInt64, startsGroup: Bool,
        to bytes: inout [UInt8]
    ) {
        precondition(shard < LogRecord.writers)
        let start = bytes.count
        let isNew = named.insert(shard).inserted
        let writer =
            UInt32(shard) | (startsGroup ? LogRecord.groupFlag : 0)
            | (isNew ? LogRecord.nameFlag : 0)
        bytes.append(UInt8(truncatingIfNeeded: writer))
        bytes.append(UInt8(truncatingIfNeeded: writer >> 8))
        bytes.append(UInt8(truncatingIfNeeded: writer >> 16))
        if isNew {
            let name = LogRecord.name(of: shard).utf8
            bytes.append(little: UInt16(name.count))
            bytes.append(contentsOf: name)
        }
        let checksum = bytes.count
        bytes.append(little: UInt32(0))
        bytes.append(little: UInt32(command.count))
        bytes.append(little: index)
        bytes.append(little: group)
        bytes.append(contentsOf: command)
        bytes.withUnsafeMutableBytes { bytes in
            let sum = LogRecord.checksum(
                UnsafeRawBufferPointer(rebasing: bytes[start..<checksum]),
                UnsafeRawBufferPointer(rebasing: bytes[(checksum + 4)...]))
            bytes.storeBytes(of: sum.littleEndian, toByteOffset: checksum, as: UInt32.self)
        }
    }
}

extension LogRecord {
    static func checksum(_ before: UnsafeRawBufferPointer, _ after: UnsafeRawBufferPointer)
        -> UInt32
    {
        var sum = Adler32()
        sum.update(before)
        sum.update(after)
        return sum.value
    }

    /// Where the fields of a record at `offset` would be; nil if the bytes end before or name a writer wrongly.
    private static func fields(in bytes: UnsafeRawBufferPointer, at offset: Int) -> Int? {
        var place = offset + writerBytes
        guard place <= bytes.count else { return nil }
        let writer = Self.writer(in: bytes, at: offset)
        if writer & nameFlag != 0 {
            guard place + 2 <= bytes.count else { return nil }
            let length = Int(bytes.little(place, as: UInt16.self))
            place += 2
            guard place + length <= bytes.count else { return nil }
            let name = String(decoding: bytes[place..<place + length], as: UTF8.self)
            guard shard(named: name) == Int(writer & UInt32(writers - 1)) else { return nil }
            place += length
        }
        return place + fieldBytes <= bytes.count ? place : nil
    }

    private static func writer(in bytes: UnsafeRawBufferPointer, at offset: Int) -> UInt32 {
        UInt32(bytes[offset]) | UInt32(bytes[offset + 1]) << 8 | UInt32(bytes[offset + 2]) << 16
    }

    /// The whole record at `offset`, or nil if there is none: its bytes end early or its checksum is wrong.
    init?(in bytes: UnsafeRawBufferPointer, at offset: Int) {
        guard let fields = Self.fields(in: bytes, at: offset) else { return nil }
        let writer = Self.writer(in: bytes, at: offset)
        shard = Int(writer & UInt32(Self.writers - 1))
        startsGroup = writer & Self.groupFlag != 0
        let length = Int(bytes.little(fields + 4, as: UInt32.self))
        index = bytes.little(fields + 8)
        group = bytes.little(fields + 16)
        let start = fields + Self.fieldBytes
        guard start + length <= bytes.count else { return nil }
        command = start..<start + length
        let sum = Self.checksum(
            UnsafeRawBufferPointer(rebasing: bytes[offset..<fields]),
            UnsafeRawBufferPointer(rebasing: bytes[(fields + 4)..<command.upperBound]))
        guard bytes.little(fields, as: UInt32.self) == sum else { return nil }
    }

    /// Whether a whole record behind `offset` shows that the group of the record there was finished: it
    /// begins the next group, or belongs to a later one. A group is begun when the one before it is synced.
    static func laterGroupStarts(
        in bytes: UnsafeRawBufferPointer, behind offset: Int, after group: UInt64
    ) -> Bool {
        let likely = group + 1...group + UInt64(bytes.count)
        for place in min(offset + 1, bytes.count)..<bytes.count {
            guard let fields = fields(in: bytes, at: place),
                likely.contains(bytes.little(fields + 16, as: UInt64.self)),
                let record = LogRecord(in: bytes, at: place)
            else { continue }
            if record.startsGroup || record.group > group + 1 { return true }
        }
        return false
    }
}
