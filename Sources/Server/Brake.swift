internal import Measure

/// When publishers are held back: while more waits for storage than it should, and for a while after storage
/// has refused, so that a full disk is tried now and then and not flooded.
struct Brake {
    private(set) var isOn = false
    /// Bytes of a PUBLISH, of the latest ones.
    private var mean = 0
    private var refusals = 0
    private var troubledUntil = MonotonicTime(nanoseconds: 0)

    mutating func note(_ bytes: Int) { mean += (bytes - mean) / 16 }

    /// - Parameter depth: messages that wait for storage.
    func isTooMuch(_ depth: Int) -> Bool {
        depth > Self.mostMessages || depth * mean > Self.mostBytes
    }

    mutating func hold() { isOn = true }

    /// - Parameter refusals: of storage, since the start.
    mutating func look(depth: Int, refusals: Int, at now: MonotonicTime) {
        if refusals > self.refusals { troubledUntil = now + Self.pause }
        self.refusals = refusals
        if now < troubledUntil {
            isOn = true
        } else if isOn {
            // Not before half of it is gone, or publishers would be stopped and started all the time.
            isOn = isTooMuch(2 * depth)
        } else {
            isOn = isTooMuch(depth)
        }
    }

    /// Enough for every shard of EMQX's 16 to have a full batch (1,000) waiting behind the one it writes.
    private static let mostMessages = 32_000
    private static let mostBytes = 64 << 20
    private static let pause = Nanoseconds.milliseconds(250)
}
