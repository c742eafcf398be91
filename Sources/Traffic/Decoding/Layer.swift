/// A protocol between TCP and MQTT on one connection: takes in what both ends send and gives out what they
/// mean. Side 0 and 1 are the two ends.
protocol Layer: AnyObject {
    func receive(_ bytes: RawSpan, from side: Int, into output: inout LayerOutput)
    /// `count` bytes that `side` sent are missing at this place.
    /// - Parameter isExact: false if it is only known that bytes are missing, not how many.
    func lose(_ count: Int, isExact: Bool, from side: Int, into output: inout LayerOutput)
    /// How it stands with a layer that has given nothing out so far.
    var verdict: LayerEnd { get }
    /// Bytes that wait for what comes.
    var keptBytes: Int { get }
}

/// Why nothing more comes out of a connection.
enum LayerEnd: Hashable {
    /// It carries something else.
    case other
    case encrypted(Undecrypted)
    /// WebSocket messages are compressed.
    case compressed
}

/// What a layer gives out, in order.
struct LayerOutput {
    private(set) var bytes: [UInt8] = []
    private(set) var pieces: [Piece] = []
    /// Nothing comes after the pieces.
    var end: LayerEnd?

    struct Piece {
        let side: Int
        var content: Content
    }

    enum Content {
        /// In `bytes`.
        case bytes(Range<Int>)
        case lost(Int, isExact: Bool)
        /// Something breaks the rules of the layer and was left out.
        case malformed
    }

    mutating func append(_ new: RawSpan, from side: Int) {
        guard new.byteCount > 0 else { return }
        let start = bytes.count
        new.withUnsafeBytes { bytes.append(contentsOf: $0) }
        note(start, side)
    }

    /// Appends `new` with the mask of a WebSocket client taken off.
    /// - Parameter phase: of the first byte in `key`.
    mutating func append(_ new: RawSpan, unmasking key: UInt32, phase: Int, from side: Int) {
        guard new.byteCount > 0 else { return }
        let start = bytes.count
        bytes.reserveCapacity(start + new.byteCount)
        for index in 0..<new.byteCount {
            let shift = UInt32(24 - 8 * ((phase + index) & 3))
            bytes.append(new.byte(at: index) ^ UInt8(truncatingIfNeeded: key >> shift))
        }
        note(start, side)
    }

    mutating func lose(_ count: Int, isExact: Bool, from side: Int) {
        guard count > 0 else { return }
        pieces.append(Piece(side: side, content: .lost(count, isExact: isExact)))
    }

    mutating func noteMalformed(from side: Int) {
        pieces.append(Piece(side: side, content: .malformed))
    }

    mutating func clear() {
        bytes.removeAll(keepingCapacity: bytes.count <= Self.kept)
        pieces.removeAll(keepingCapacity: pieces.count <= Self.kept)
        end = nil
    }

    /// Buffers larger than this are not kept for the next use, bytes or pieces.
    private static let kept = 64 << 10

    private mutating func note(_ start: Int, _ side: Int) {
        if let last = pieces.last, last.side == side, case .bytes(let range) = last.content {
            pieces[pieces.count - 1].content = .bytes(range.lowerBound..<bytes.count)
        } else {
            pieces.append(Piece(side: side, content: .bytes(start..<bytes.count)))
        }
    }
}
