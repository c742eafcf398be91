internal import Measure
internal import Storage

extension [Sample] {
    /// Set if the queue grew: its typical depth in the last quarter of the samples is more than twice that of
    /// the second quarter and more than a second's worth of messages.
    var queueGrowth: Caveat? {
        guard count >= 8, let first, let last else { return nil }
        let depths = map { Double($0.store.depth) }
        let quarter = count / 4
        let before = quantile(Array<Double>(depths[quarter..<2 * quarter]), 0.5)
        let after = quantile(Array<Double>(depths[(3 * quarter)...]), 0.5)
        let seconds = Swift.max(0.001, (last.time - first.time).seconds)
        let rate = Double(last.store.committed - first.store.committed) / seconds
        guard after > 2 * before, after > rate else { return nil }
        return .growingQueue(depthAtEnd: Int(after), depthAtHalf: Int(before))
    }
}
