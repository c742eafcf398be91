internal import CZlib

/// The outer form of a `.dstrace` file: a head, then blocks, of which the last is the tail. Everything is
/// little-endian; the catalogue page TraceFile says it byte by byte.
enum TraceFormat {
    static let name = "dstrace"
    /// Bytes that no text has, in the manner of PNG: a transfer that changes line ends or cuts the eighth
    /// bit is noticed at once.
    static let magic: [UInt8] = [0x89, 0x44, 0x53, 0x54, 0x0D, 0x0A, 0x1A, 0x0A]
    static let version: UInt16 = 1
    static let headLength = 16

    /// What a block collects before it is written, in bytes.
    static let blockSize = 1 << 20
    /// The largest block that is believed: one that was full but for a byte, and the largest packet.
    static let largestBlock = blockSize + PacketLength.limit + 1_024

    static var head: [UInt8] {
        var head = magic
        head.append(little: version)
        head.append(little: UInt16(0))
        head.append(little: checksum(head, from: 0))
        return head
    }

    /// - Parameter head: sixteen bytes that begin with `magic`.
    /// - Returns: what is wrong with it.
    static func fault(inHead head: RawSpan) -> String? {
        guard checksum(head.extracting(first: 12)) == head.four(at: 12, bigEndian: false) else {
            return "the checksum of its head is wrong"
        }
        let version = head.two(at: 8, bigEndian: false)
        guard version == Self.version else {
            return "it has version \(version) and this dstune reads version \(Self.version)"
        }
        return head.two(at: 10, bigEndian: false) == 0
            ? nil : "it has features that this dstune does not know"
    }

    static func checksum(_ bytes: [UInt8], from start: Int) -> UInt32 {
        checksum(bytes.span.bytes.extracting(start..<bytes.count))
    }

    /// CRC-32 of ISO 3309, as zlib computes it.
    static func checksum(_ bytes: RawSpan) -> UInt32 {
        bytes.withUnsafeBytes {
            UInt32(crc32_z(0, $0.bindMemory(to: UInt8.self).baseAddress, $0.count))
        }
    }
}

/// What a block holds; the raw value is the four letters that it begins with.
struct BlockKind: Equatable {
    let rawValue: UInt32

    private init(_ letters: StaticString) {
        precondition(letters.utf8CodeUnitCount == 4)
        rawValue = letters.withUTF8Buffer { $0.reversed().reduce(0) { $0 << 8 | UInt32($1) } }
    }
    init(rawValue: UInt32) { self.rawValue = rawValue }

    static let events = BlockKind("EVNT")
    static let facts = BlockKind("FACT")
    static let index = BlockKind("INDX")
    static let tail = BlockKind("TAIL")
}

/// The forty bytes before the contents of a block.
struct BlockHead: Equatable {
    static let length = 40

    let kind: BlockKind
    /// Bytes of the contents as they are stored: one zstd frame.
    let storedLength: Int
    /// Bytes of the contents once decompressed.
    let plainLength: Int
    /// Events in it; of the tail, blocks before it.
    let count: Int
    /// The earliest and the latest time in it, in nanoseconds since the epoch; of the tail, where the last
    /// page of the index is, and 0.
    let times: (first: Int64, last: Int64)
    /// Of the contents as they are stored.
    let checksum: UInt32

    static func == (a: BlockHead, b: BlockHead) -> Bool {
        a.kind == b.kind && a.storedLength == b.storedLength && a.plainLength == b.plainLength
            && a.count == b.count && a.times == b.times && a.checksum == b.checksum
    }

    init(
        _ kind: BlockKind, plainLength: Int, count: Int, times: (first: Int64, last: Int64),
        stored: RawSpan
    ) {
        self.kind = kind
        self.storedLength = stored.byteCount
        self.plainLength = plainLength
        self.count = count
        self.times = times
        checksum = TraceFormat.checksum(stored)
    }

    /// - Parameter bytes: forty of them.
    /// - Throws: what is wrong with it.
    init(_ bytes: RawSpan) throws(BlockFault) {
        precondition(bytes.byteCount == Self.length)
        let own = TraceFormat.checksum(bytes.extracting(first: 36))
        guard own == bytes.four(at: 36, bigEndian: false) else {
            throw BlockFault(why: "the checksum of a block's head is wrong")
        }
        kind = BlockKind(rawValue: bytes.four(at: 0, bigEndian: false))
        storedLength = Int(bytes.four(at: 4, bigEndian: false))
        plainLength = Int(bytes.four(at: 8, bigEndian: false))
        count = Int(bytes.four(at: 12, bigEndian: false))
        times = (
            Int64(bitPattern: bytes.eight(at: 16, bigEndian: false)),
            Int64(bitPattern: bytes.eight(at: 24, bigEndian: false))
        )
        checksum = bytes.four(at: 32, bigEndian: false)
        // The library adds at most 1/255 and a little to what it cannot compress.
        let bound = TraceFormat.largestBlock + TraceFormat.largestBlock / 128
        guard plainLength <= TraceFormat.largestBlock, storedLength <= bound else {
            throw BlockFault(why: "a block claims \(plainLength) bytes, more than there may be")
        }
    }

    func write(to bytes: inout [UInt8]) {
        let start = bytes.count
        bytes.append(little: kind.rawValue)
        bytes.append(little: UInt32(storedLength))
        bytes.append(little: UInt32(plainLength))
        bytes.append(little: UInt32(count))
        bytes.append(little: times.first)
        bytes.append(little: times.last)
        bytes.append(little: checksum)
        bytes.append(little: TraceFormat.checksum(bytes, from: start))
    }
}

/// What is wrong with a block, without the place, which the reader knows.
struct BlockFault: Error, Equatable {
    let why: String
}
