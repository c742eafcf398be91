package import Knobs
package import Study

/// One difference between the control and a finalist, and what may be done about it.
package struct KnobChange: Sendable {
    package enum Edge: Sendable { case smallest, largest }

    package let knob: Knob
    package let from: Int64
    package let to: Int64
    package let reach: Reachability
    /// The value is the last that was tried on this side.
    package let edge: Edge?

    /// - Parameter tried: the values that were searched, in rising order.
    package init(_ knob: Knob, from: Int64, to: Int64, tried: [Int64], on dialect: Dialect) {
        self.knob = knob
        self.from = from
        self.to = to
        reach = dialect.reach(of: knob)
        edge =
            if to == tried.first, to < from {
                .smallest
            } else if to == tried.last, to > from {
                .largest
            } else {
                nil
            }
    }

    package static func all(
        to setting: Setting, in plan: StudyPlan, on dialect: Dialect
    ) -> [KnobChange] {
        setting.differences(from: plan.control).map {
            KnobChange(
                $0, from: plan.control[$0], to: setting[$0], tried: plan.levels(of: $0), on: dialect
            )
        }
    }

    package var words: String { "\(knob.id) \(knob.text(from)) → \(knob.text(to))" }

    /// `a 1 → 2, b 3 → 4 and c 5 → 6`
    static func list(_ changes: [KnobChange]) -> String {
        guard let last = changes.last, changes.count > 1 else {
            return changes.first?.words ?? "nothing"
        }
        return changes.dropLast().map(\.words).joined(separator: ", ") + " and " + last.words
    }

    /// How it can be set on the named version, or why not.
    package var reachSentence: String {
        switch reach {
        case .live(let path, let takesEffect):
            switch takesEffect {
            case .hot: "`\(path)`, takes effect at once"
            case .restart: "`\(path)`, takes effect at the next restart"
            case .newDatabaseOnly: "`\(path)`, only with a new database"
            }
        case .newDatabaseOnly(let path):
            "`\(path)`, read only when the database is created: later changes are silently ignored"
        case .notSettable(_, let reason): reason
        }
    }

    package func warnings(engineAcknowledgesOnEnqueue: Bool) -> [String] {
        var warnings: [String] = []
        if let edge {
            let (what, beyond) =
                edge == .largest ? ("largest", "a larger one") : ("smallest", "a smaller one")
            warnings.append(
                "\(knob.id) ended at \(knob.text(to)), the \(what) value that was tried: "
                    + "\(beyond) was not measured and may be better or worse.")
        }
        if engineAcknowledgesOnEnqueue, case .bufferInterval = knob.reach {
            warnings.append(
                to > from
                    ? "A longer flush interval widens what a crash may take: messages are "
                        + "acknowledged when they are queued, and up to \(knob.text(to)) of them "
                        + "(now \(knob.text(from))), with the queue behind it, would be lost."
                    : "A shorter flush interval also narrows what a crash may take: up to "
                        + "\(knob.text(to)) of acknowledged messages instead of \(knob.text(from)), "
                        + "with the queue behind it.")
        }
        return warnings
    }
}
