/// What an acknowledgement promises under one engine and sync mode; candidates are compared only
/// within one row.
package struct DurabilityRow: Identifiable, Equatable, Sendable {
    package let id: String
    package let survivesKill: String
    package let survivesPowerLoss: String
    package let whoBehavesSo: String

    package static let onEnqueue = DurabilityRow(
        id: "on_enqueue",
        survivesKill: "no: up to a flush interval and the queue behind it is gone",
        survivesPowerLoss: "no", whoBehavesSo: "EMQX 5.8 to 6.3")

    /// - Parameter id: acknowledgement and sync, as an engine model names them.
    package static func find(_ id: String) -> DurabilityRow? { catalogue.first { $0.id == id } }

    package static let catalogue: [DurabilityRow] = [
        onEnqueue,
        DurabilityRow(
            id: "on_commit, sync none", survivesKill: "yes",
            survivesPowerLoss: "no: what the page cache held is gone",
            whoBehavesSo: "what most people believe they have"),
        DurabilityRow(
            id: "on_commit, sync interval", survivesKill: "yes",
            survivesPowerLoss: "all but the last interval", whoBehavesSo: "no EMQX version"),
        DurabilityRow(
            id: "on_commit, sync per_commit", survivesKill: "yes",
            survivesPowerLoss: "yes, if the device's sync is honest",
            whoBehavesSo: "no EMQX version"),
    ]
}
