package import HOCON

/// Files to paste into a broker. A line is live only if the version accepts it and acts on it, and
/// only if it differs from what runs now.
extension Dialect {
    /// What takes a node from `control` to `setting` as far as this version can.
    ///
    /// - Parameters:
    ///   - header: who wrote this, from what: comment lines on top.
    ///   - newDatabase: the node has no database yet, so what is fixed with the database may be set.
    package func emqxConf(
        from control: Setting, to setting: Setting, header: [String], newDatabase: Bool = false
    ) -> HOCONDocument {
        var document = HOCONDocument()
        header.forEach { document.comment($0) }
        document.comment("For \(title). What it would refuse, drop or ignore is a comment here.")
        if engine == nil {
            document.comment(
                "Nothing here was measured for it: its storage differs from the one that was measured."
            )
        }
        var others: [String] = []
        for knob in setting.differences(from: control) {
            let change = knob.change(from: control, to: setting)
            let fixed = "fixed when the database is created"
            switch reach(of: knob) {
            case .live(let path, let takesEffect):
                document.blank()
                document.set(
                    path, knob.spelled(setting[knob]),
                    comment: "\(change), takes effect \(takesEffect.words).\n\(knob.effect)")
            case .newDatabaseOnly(let path) where newDatabase:
                document.blank()
                document.set(
                    path, knob.spelled(setting[knob]),
                    comment: "\(change), \(fixed).\n\(knob.effect)")
            case .newDatabaseOnly:
                others.append(
                    "\(change): \(fixed), later changes do not reach it. Only for a new database.")
            case .notSettable(let tier, let reason):
                others.append("\(change) (\(tier.rawValue)): \(reason).")
            }
        }
        if !document.isLive {
            document.blank()
            document.comment(
                others.isEmpty
                    ? "Nothing to change: the settings stay as they are."
                    : "No line to paste: none of the differences can be set in a file of \(title).")
        }
        if !others.isEmpty {
            document.blank()
            document.comment("The other differences, which cannot be set here:")
            others.forEach { document.comment("- \($0)") }
        }
        return document
    }

    /// What takes a node back from `setting` to `control`: a line for each live line of `emqxConf`.
    package func rollbackConf(
        from control: Setting, to setting: Setting, header: [String], newDatabase: Bool = false
    ) -> HOCONDocument {
        var document = HOCONDocument()
        header.forEach { document.comment($0) }
        document.comment("For \(title). Puts back what emqx.conf of the same study changed.")
        for knob in setting.differences(from: control) {
            let change = knob.change(from: setting, to: control)
            switch reach(of: knob) {
            case .live(let path, let takesEffect):
                document.blank()
                document.set(
                    path, knob.spelled(control[knob]),
                    comment: "\(change), takes effect \(takesEffect.words).")
            case .newDatabaseOnly where newDatabase:
                document.blank()
                document.comment("\(change): not possible without creating the database again.")
            case .newDatabaseOnly, .notSettable: continue
            }
        }
        if !document.isLive {
            document.blank()
            document.comment("Nothing to put back.")
        }
        return document
    }
}

extension Knob {
    fileprivate func change(from old: Setting, to new: Setting) -> String {
        "\(title): \(text(old[self])) -> \(text(new[self]))"
    }
}

extension TakesEffect {
    fileprivate var words: String {
        switch self {
        case .hot: "at once"
        case .restart: "at the next restart"
        case .newDatabaseOnly: "with a new database"
        }
    }
}
