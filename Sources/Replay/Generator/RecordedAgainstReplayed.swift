package import Measure

/// How long the captured broker took to acknowledge what clients sent, beside how long the broker at hand does.
///
/// The two do not begin at the same moment: the recording has PUBLISH and answer at the place where it was made, the
/// replay counts from when the plan said to send, so that lateness of the generator is in it.
package struct RecordedAgainstReplayed: Sendable {
    package struct Row: Sendable {
        package let name: String
        package let recorded: LatencyHistogram
        package let replayed: LatencyHistogram
    }

    package let rows: [Row]

    /// - Parameters:
    ///   - recorded: PUBLISH to PUBACK, PUBREC and PUBCOMP in the recording.
    package init(
        recorded: (puback: LatencyHistogram, pubrec: LatencyHistogram, pubcomp: LatencyHistogram),
        replayed: Latencies
    ) {
        rows = [
            Row(name: "puback", recorded: recorded.puback, replayed: replayed.puback),
            Row(name: "pubrec", recorded: recorded.pubrec, replayed: replayed.pubrec),
            Row(name: "pubcomp", recorded: recorded.pubcomp, replayed: replayed.pubcomp),
        ].filter { $0.recorded.count > 0 || $0.replayed.count > 0 }
    }

    /// How many times as long as the recording the replay took, at a percentile; nil where one of them has no sample.
    package func ratio(_ row: Row, _ percentile: Double) -> Double? {
        guard let recorded = row.recorded.percentile(percentile), recorded > .zero,
            let replayed = row.replayed.percentile(percentile)
        else { return nil }
        return replayed.seconds / recorded.seconds
    }
}
