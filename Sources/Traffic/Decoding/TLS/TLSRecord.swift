/// What a TLS record carries (RFC 8446, section 5.1; RFC 5246, section 6.2.1).
enum TLSContent: UInt8 {
    case changeCipherSpec = 20
    case alert = 21
    case handshake = 22
    case applicationData = 23
}

/// A whole record: its content type as its header gives it, and where its fragment lies.
struct TLSRecord: Equatable {
    let content: TLSContent
    let fragment: Range<Int>

    static let headerLength = 5
    /// Largest fragment, 2^14 and what encryption of TLS 1.2 may add (RFC 5246, section 6.2.3).
    static let longest = (1 << 14) + 2_048
}

/// Cuts what one end sends into records.
struct TLSRecords {
    /// The beginning of a record that is not all there.
    private(set) var carry: [UInt8] = []
    /// Bytes still to come of a record of which a part was lost.
    private var toSkip = 0
    /// Where the next record begins is not known.
    private(set) var isLost = false

    enum Step: Equatable {
        /// In the bytes that were fed.
        case record(TLSRecord)
        /// In `carried`, to be given back to `reuse`.
        case carried(TLSRecord, [UInt8])
        /// A record of `length` bytes of fragment of which a part was lost is over.
        case damaged
        /// No record can begin at these bytes, which were left out; another may follow.
        case skipped(Int)
        case needsMore
    }

    private enum Length {
        case whole(TLSContent, Int)
        case incomplete
        case impossible
    }

    private static func length(_ bytes: RawSpan, at offset: Int) -> Length {
        let rest = bytes.byteCount - offset
        guard rest >= 1 else { return .incomplete }
        guard let content = TLSContent(rawValue: bytes.byte(at: offset)) else { return .impossible }
        if rest >= 2, bytes.byte(at: offset + 1) != 3 { return .impossible }
        if rest >= 3, bytes.byte(at: offset + 2) > 4 { return .impossible }
        guard rest >= TLSRecord.headerLength else { return .incomplete }
        let length = Int(bytes.two(at: offset + 3))
        return length <= TLSRecord.longest
            ? .whole(content, TLSRecord.headerLength + length) : .impossible
    }

    /// The next record in `bytes` from `offset` on, which is moved behind what was taken.
    mutating func next(in bytes: RawSpan, at offset: inout Int) -> Step {
        if toSkip > 0 {
            let skipped = min(toSkip, bytes.byteCount - offset)
            toSkip -= skipped
            offset += skipped
            return toSkip == 0 ? .damaged : .needsMore
        }
        if carry.isEmpty {
            guard offset < bytes.byteCount else { return .needsMore }
            switch Self.length(bytes, at: offset) {
            case .whole(let content, let length) where offset + length <= bytes.byteCount:
                isLost = false
                defer { offset += length }
                return .record(
                    TLSRecord(
                        content: content,
                        fragment: offset + TLSRecord.headerLength..<offset + length))
            case .impossible: return skip(bytes, &offset)
            default:
                keep(bytes, &offset, bytes.byteCount - offset)
                return .needsMore
            }
        }
        while true {
            switch Self.length(carry.span.bytes, at: 0) {
            case .impossible:
                defer { carry.removeAll(keepingCapacity: true) }
                isLost = true
                return .skipped(carry.count)
            case .incomplete:
                guard offset < bytes.byteCount else { return .needsMore }
                keep(bytes, &offset, 1)
            case .whole(let content, let length):
                keep(bytes, &offset, min(length - carry.count, bytes.byteCount - offset))
                guard carry.count == length else { return .needsMore }
                isLost = false
                var whole: [UInt8] = []
                swap(&whole, &carry)
                return .carried(
                    TLSRecord(content: content, fragment: TLSRecord.headerLength..<length), whole)
            }
        }
    }

    /// Takes back the buffer of a carried record.
    mutating func reuse(_ buffer: consuming [UInt8]) {
        guard carry.isEmpty else { return }
        carry = buffer
        carry.removeAll(keepingCapacity: true)
    }

    /// Bytes are missing here.
    /// - Returns: true if they are all of one record, so that the next is still found.
    mutating func lose(_ count: Int, isExact: Bool) -> Bool {
        defer { carry.removeAll(keepingCapacity: true) }
        if isExact, toSkip > count {
            toSkip -= count
            return true
        }
        if isExact, case .whole(_, let length) = Self.length(carry.span.bytes, at: 0),
            carry.count + count < length
        {
            toSkip = length - carry.count - count
            return true
        }
        toSkip = 0
        isLost = true
        return false
    }

    private mutating func skip(_ bytes: RawSpan, _ offset: inout Int) -> Step {
        let start = offset
        isLost = true
        repeat { offset += 1 } while offset < bytes.byteCount && !begins(bytes, at: offset)
        return .skipped(offset - start)
    }

    private func begins(_ bytes: RawSpan, at offset: Int) -> Bool {
        if case .impossible = Self.length(bytes, at: offset) { false } else { true }
    }

    private mutating func keep(_ bytes: RawSpan, _ offset: inout Int, _ count: Int) {
        bytes.extracting(offset..<offset + count).withUnsafeBytes { carry.append(contentsOf: $0) }
        offset += count
    }
}
