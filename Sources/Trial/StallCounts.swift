package import Storage

/// How often column families entered slowdown or stop, by cause as far as it could be inferred
/// (`StallCause`). Going from slowdown to stop counts as a stop, and from stop to slowdown as a slowdown.
package struct StallCounts: Sendable, Equatable {
    package private(set) var slowdowns: [StallCause: Int] = [:]
    package private(set) var stops: [StallCause: Int] = [:]
    /// Of no cause, or of several that cannot be told apart.
    package private(set) var unknown = 0

    package init(_ events: some Sequence<StorageEvent>) {
        for event in events {
            guard case .stall(_, let condition, let cause) = event.kind, condition != .normal else {
                continue
            }
            if let cause {
                if condition == .stopped {
                    stops[cause, default: 0] += 1
                } else {
                    slowdowns[cause, default: 0] += 1
                }
            } else {
                unknown += 1
            }
        }
    }

    package var total: Int {
        slowdowns.values.reduce(0, +) + stops.values.reduce(0, +) + unknown
    }

    /// By the names that `Metric.catalogue` counts them under.
    package var counters: [String: Double] {
        var counters = ["stall_events": Double(total), "stall_unknown": Double(unknown)]
        for cause in StallCause.allCases {
            counters["stall_\(cause.metric)_slowdowns"] = Double(slowdowns[cause] ?? 0)
            counters["stall_\(cause.metric)_stops"] = Double(stops[cause] ?? 0)
        }
        return counters
    }
}

extension StallCause {
    fileprivate var metric: String {
        switch self {
        case .memtables: "memtable"
        case .level0Files: "l0"
        case .pendingCompactionBytes: "pending"
        }
    }
}
