/// The first bytes of both ends, kept until they say what a connection carries.
final class OpeningBytes {
    private var heads: [2 of [UInt8]] = [[], []]
    private var segmentStarts: [2 of Int] = [0, 0]
    private(set) var midstreams: [2 of Midstream] = [Midstream(), Midstream()]
    private var isDecided: [2 of Bool] = [false, false]
    /// Nothing was sent before them.
    private(set) var isFromTheStart: Bool

    init(isFromTheStart: Bool) { self.isFromTheStart = isFromTheStart }

    var keptBytes: Int { heads[0].count + heads[1].count }
    var isOver: Bool { isDecided[0] && isDecided[1] }

    func isDecided(_ side: Int) -> Bool { isDecided[side] }
    func isTooLong(_ side: Int) -> Bool { heads[side].count > Framing.undecidedLimit }
    func head(_ side: Int) -> [UInt8] { heads[side] }
    func opening(_ side: Int) -> Opening {
        let head = heads[side]
        return Opening(head.span.bytes)
    }
    /// What the segment that came last is the beginning of.
    func segmentOpening(_ side: Int) -> Opening {
        let (head, start) = (heads[side], segmentStarts[side])
        return Opening(head.span.bytes.extracting(droppingFirst: start))
    }
    /// See `WebSocketSearch.opens`.
    func webSocketInside(_ side: Int) -> Bool? {
        let (head, start) = (heads[side], segmentStarts[side])
        return WebSocketSearch.opens(head.span.bytes)
            ?? WebSocketSearch.opens(head.span.bytes.extracting(droppingFirst: start))
    }

    func sawStart() { isFromTheStart = true }

    func append(_ bytes: RawSpan, _ side: Int) {
        segmentStarts[side] = heads[side].count
        bytes.withUnsafeBytes { heads[side].append(contentsOf: $0) }
    }

    func lookAtMidstream(_ side: Int) {
        let (head, start) = (heads[side], segmentStarts[side])
        midstreams[side].look(head.span.bytes, segmentStart: start)
    }

    /// Takes `count` bytes off the front.
    func drop(_ count: Int, _ side: Int) {
        heads[side].removeFirst(count)
        segmentStarts[side] = max(0, segmentStarts[side] - count)
    }

    /// The bytes of `side`, which is decided now.
    func decide(_ side: Int) -> [UInt8] {
        isDecided[side] = true
        return take(side)
    }

    /// Bytes of `side` are missing behind those that are kept.
    /// - Returns: how many were kept, which are worth nothing now.
    func lose(_ side: Int) -> Int {
        isFromTheStart = false
        return take(side).count
    }

    private func take(_ side: Int) -> [UInt8] {
        var bytes: [UInt8] = []
        swap(&bytes, &heads[side])
        segmentStarts[side] = 0
        midstreams[side] = Midstream()
        return bytes
    }
}
