/// WebSocket on one connection: the upgrade of HTTP, then frames both ways.
final class WebSocketSession: Layer {
    private let client: Int
    /// What came before the heads of HTTP were whole.
    private var heads: [2 of [UInt8]] = [[], []]
    private var isUpgraded: [2 of Bool] = [false, false]
    private var frames: [2 of WebSocketFrames]
    private var failure: LayerEnd?
    /// The upgrade names MQTT.
    private var speaksMQTT = false
    /// The upgrade was before the capture began.
    let isInside: Bool

    /// - Parameters:
    ///   - client: the side that asks for the upgrade and masks its frames.
    ///   - isInside: the upgrade was before the capture began.
    init(client: Int, isInside: Bool) {
        (self.client, self.isInside) = (client, isInside)
        frames = [2 of WebSocketFrames] { side in
            WebSocketFrames(side: side, isClient: side == client, isInside: isInside)
        }
        if isInside { isUpgraded = [true, true] }
    }

    var verdict: LayerEnd { failure ?? .other }
    var keptBytes: Int {
        heads[0].count + heads[1].count + frames[0].carry.count + frames[1].carry.count
    }

    func receive(_ bytes: RawSpan, from side: Int, into output: inout LayerOutput) {
        guard failure == nil else {
            output.end = failure
            return
        }
        // A client that is known to have asked has to wait for the answer; a capture need not.
        if isUpgraded[side], isUpgraded[1 - client] {
            take(bytes, side, &output)
        } else {
            // The end of a head may have begun in what was there before.
            let start = max(0, heads[side].count - 3)
            bytes.withUnsafeBytes { heads[side].append(contentsOf: $0) }
            readHeads(side, from: start, &output)
            if heads[side].count > HTTPHead.longest + Framing.undecidedLimit { failure = .other }
        }
        output.end = failure
    }

    func lose(_ count: Int, isExact: Bool, from side: Int, into output: inout LayerOutput) {
        guard failure == nil else { return }
        guard isUpgraded[0], isUpgraded[1] else {
            // A part of the upgrade is missing: frames are searched for on both sides.
            isUpgraded = [true, true]
            for side in 0..<2 {
                var kept: [UInt8] = []
                swap(&kept, &heads[side])
                frames[side] = WebSocketFrames(
                    side: side, isClient: side == client, isInside: true, kept: kept)
            }
            frames[side].lose(count, isExact: isExact, into: &output)
            return
        }
        frames[side].lose(count, isExact: isExact, into: &output)
    }

    private func take(_ bytes: RawSpan, _ side: Int, _ output: inout LayerOutput) {
        frames[side].receive(bytes, into: &output)
        if frames[side].isCompressed { failure = .compressed }
    }

    private func readHeads(_ side: Int, from start: Int, _ output: inout LayerOutput) {
        if !isUpgraded[side] {
            let bytes = heads[side]
            guard let (head, length) = HTTPHead.find(in: bytes.span.bytes, from: start) else {
                if bytes.count > HTTPHead.longest { failure = .other }
                return
            }
            guard side == client ? head.asksForWebSocket : head.grantsWebSocket else {
                failure = .other
                return
            }
            speaksMQTT = speaksMQTT || head.speaksMQTT
            if side != client, head.compresses {
                failure = speaksMQTT ? .compressed : .other
                return
            }
            isUpgraded[side] = true
            heads[side].removeFirst(length)
        }
        guard isUpgraded[0], isUpgraded[1] else { return }
        for side in [client, 1 - client] {
            var rest: [UInt8] = []
            swap(&rest, &heads[side])
            take(rest.span.bytes, side, &output)
        }
    }
}
