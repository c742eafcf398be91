/// Cuts the bytes of one direction into packets, and remembers what is not whole yet.
struct Framing {
    enum Mode {
        /// It is not known yet whether the bytes are MQTT.
        case sniffing
        case packets
        /// The next boundary was lost in a gap, or is not known yet.
        case searching
        /// The bytes are nothing for us.
        case deaf
    }

    var mode = Mode.sniffing
    /// The beginning of a packet that is not all there, or what is still being looked at.
    var carry: [UInt8] = []
    /// Bytes still to come of a packet of which a part was lost.
    private var toSkip = 0
    /// Bytes that may still be looked at for a boundary; every byte that comes adds to it, so that segments
    /// of one byte each do not have everything looked at again.
    private var credit = 0

    /// Credit per byte, and where it ends: what one look at the most that is kept costs.
    private static let creditPerByte = 256
    private static let creditLimit = 4 * undecidedLimit
    /// Capacity that stays with a connection once its packet was taken.
    private static let lastingCapacity = 64 << 10

    /// What is kept while it is not known where packets begin, in bytes.
    static let undecidedLimit = 16 << 10

    enum Step: Equatable {
        /// A whole packet, in the bytes that were fed.
        case packet(Range<Int>)
        /// A whole packet in `carry`, to be taken out by the caller.
        case carried
        case needsMore
        /// No packet can begin here.
        case lost
    }

    /// The next packet in `bytes` from `offset` on, which is moved behind what was taken.
    mutating func next(in bytes: RawSpan, at offset: inout Int) -> Step {
        let skipped = min(toSkip, bytes.byteCount - offset)
        toSkip -= skipped
        offset += skipped
        if carry.isEmpty {
            guard offset < bytes.byteCount else { return .needsMore }
            switch PacketLength(bytes, at: offset) {
            case .known(let length) where offset + length <= bytes.byteCount:
                defer { offset += length }
                return .packet(offset..<offset + length)
            case .impossible: return .lost
            default:
                append(bytes, from: &offset, count: bytes.byteCount - offset)
                return .needsMore
            }
        }
        while true {
            switch PacketLength(carry.span.bytes, at: 0) {
            case .impossible: return .lost
            case .incomplete:
                guard offset < bytes.byteCount else { return .needsMore }
                append(bytes, from: &offset, count: 1)
            case .known(let length):
                append(
                    bytes, from: &offset, count: min(length - carry.count, bytes.byteCount - offset)
                )
                return carry.count == length ? .carried : .needsMore
            }
        }
    }

    /// Bytes are missing here. If they are all of one packet, the next boundary is still known.
    /// - Returns: bytes that were kept and are worth nothing now.
    mutating func gap(_ count: Int) -> Int {
        let worthless = carry.count
        defer { carry.removeAll(keepingCapacity: true) }
        guard mode == .packets else { return worthless }
        if toSkip >= count {
            toSkip -= count
        } else if case .known(let length) = PacketLength(carry.span.bytes, at: 0),
            carry.count + count <= length
        {
            toSkip = length - carry.count - count
        } else {
            toSkip = 0
            mode = .searching
        }
        return worthless
    }

    /// Forgets what is kept; if it is the beginning of a packet, the rest of it is skipped.
    /// - Returns: bytes that were kept.
    mutating func abandon() -> Int {
        let worthless = carry.count
        if mode == .packets, worthless > 0 {
            if case .known(let length) = PacketLength(carry.span.bytes, at: 0) {
                toSkip = length - worthless
            } else {
                mode = .searching
            }
        }
        carry = []
        return worthless
    }

    /// Whether `carry` may be looked at again for a boundary, after `count` bytes came.
    mutating func maySearch(after count: Int) -> Bool {
        credit = min(Self.creditLimit, credit + count * Self.creditPerByte)
        guard credit >= carry.count else { return false }
        credit -= carry.count
        return true
    }

    /// Returns a buffer that was swapped out of `carry`, emptied.
    mutating func giveBack(_ buffer: consuming [UInt8]) {
        guard buffer.capacity <= Self.lastingCapacity else {
            carry = []
            return
        }
        buffer.removeAll(keepingCapacity: true)
        carry = buffer
    }

    /// Keeps the rest of `bytes` to look for a boundary there.
    mutating func search(_ bytes: RawSpan, from offset: Int) {
        mode = .searching
        var offset = offset
        append(bytes, from: &offset, count: bytes.byteCount - offset)
    }

    private mutating func append(_ bytes: RawSpan, from offset: inout Int, count: Int) {
        bytes.extracting(offset..<offset + count).withUnsafeBytes { carry.append(contentsOf: $0) }
        offset += count
    }
}
