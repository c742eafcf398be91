internal import Foundation
internal import Knobs
internal import Measure
internal import Study
internal import Traffic
internal import Trial

/// What the report says of the traffic: the inspection's figures, and what they mean at the recorded
/// rate and full scale.
func trafficSummary(
    _ inspection: Inspection, _ plan: ScalePlan, _ control: Setting
) -> TrafficSummary {
    let recorded = plan.recorded
    let publish = inspection.publish
    var table = [["figure", "value"]]
    func row(_ name: String, _ value: String) { table.append([name, value]) }
    row(
        "captures",
        inspection.captures.map { ($0.path as NSString).lastPathComponent }.joined(separator: ", "))
    row("span", String(format: "%.1f s", inspection.spanSeconds))
    row("clients", "\(inspection.clients) on \(inspection.connections) connections")
    row(
        "PUBLISHes, both directions",
        "\(publish.qos0) at QoS 0, \(publish.qos1) at QoS 1, \(publish.qos2) at QoS 2")
    row("of clients, stored", "\(inspection.persisted.matchedPublishes)")
    row(
        "of clients, matched by no durable subscription",
        "\(inspection.persisted.unmatchedPublishes)")
    row("messages stored in one pass, wills included", "\(recorded.messages)")
    row("stored rate", String(format: "%.1f messages/s", recorded.messagesPerSecond))
    row(
        "RocksDB puts per message",
        String(format: "%.2f", Double(recorded.puts) / Double(recorded.messages)))
    row("stored value, mean", "\(recorded.valueBytes / recorded.messages) bytes")
    row("capture quality", "\(inspection.quality.verdict)")

    var sentences: [String] = []
    if let first = plan.untilFirst(control) {
        sentences.append(
            "At the recorded rate and full scale an average shard's first memtable is full after \(span(first.flush)), "
                + "and its first L0 compaction starts after \(span(first.compaction)).")
        if first.compaction > .seconds(24 * 3_600) {
            sentences.append(
                "At this rate no setting of the memtable, L0 and compaction knobs can matter within a day: what "
                    + "follows says how the settings behave at \(factor(plan.scale.speed)) the recorded rate."
            )
        }
    }
    sentences += inspection.quality.reasons
    return TrafficSummary(table: table, sentences: sentences)
}

private func factor(_ speed: Double) -> String { String(format: "%g times", speed) }

private func span(_ time: Nanoseconds) -> String {
    switch time.seconds {
    case ..<120: String(format: "%.0f s", time.seconds)
    case ..<7_200: String(format: "%.0f min", time.seconds / 60)
    case ..<172_800: String(format: "%.1f h", time.seconds / 3_600)
    default: String(format: "%.1f days", time.seconds / 86_400)
    }
}
