package import HOCON

/// Files to paste into a broker. A line is live only if the version accepts it and acts on it, and
/// only if it differs from what runs now.
extension Dialect {
    /// What takes a node from `control` to `setting` as far as this version can.
    ///
    /// - Parameters:
    ///   - header: who wrote this, from what: comment lines on top.
    ///   - newDatabase: the node has no database yet, so what is fixed with the database may be set.
    ///   - backend: of the messages' database. A group has to name the same one, or the node does not
    ///     boot.
    package func emqxConf(
        from control: Setting, to setting: Setting, header: [String], newDatabase: Bool = false,
        backend: String = "builtin_raft"
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
        var lines: [Line] = []
        for knob in setting.differences(from: control) {
            let change = knob.change(from: control, to: setting)
            let fixed = "fixed when the database is created"
            switch (reach(of: knob), line(for: knob, setting[knob])) {
            case (.live(let path, _), nil), (.newDatabaseOnly(let path), nil):
                others.append("\(change): `\(path)` cannot be given this value.")
            case (.live(_, let takesEffect), let line?):
                lines.append(
                    line.with("\(change), takes effect \(takesEffect.words).\n\(knob.effect)"))
            case (.newDatabaseOnly, let line?) where newDatabase:
                lines.append(line.with("\(change), \(fixed).\n\(knob.effect)"))
            case (.newDatabaseOnly, _):
                others.append(
                    "\(change): \(fixed), later changes do not reach it. Only for a new database.")
            case (.notSettable(let tier, let reason), _):
                others.append("\(change) (\(tier.rawValue)): \(reason).")
            }
        }
        document.add(lines, backend: backend)
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
        from control: Setting, to setting: Setting, header: [String], newDatabase: Bool = false,
        backend: String = "builtin_raft"
    ) -> HOCONDocument {
        var document = HOCONDocument()
        header.forEach { document.comment($0) }
        document.comment("For \(title). Puts back what emqx.conf of the same study changed.")
        var lines: [Line] = []
        var others: [String] = []
        for knob in setting.differences(from: control) where line(for: knob, setting[knob]) != nil {
            let change = knob.change(from: setting, to: control)
            switch reach(of: knob) {
            case .live(let path, let takesEffect):
                if let line = line(for: knob, control[knob]) {
                    lines.append(line.with("\(change), takes effect \(takesEffect.words)."))
                } else {
                    others.append("\(change): no value of `\(path)` does it. Remove the line.")
                }
            case .newDatabaseOnly where newDatabase:
                others.append("\(change): not possible without creating the database again.")
            case .newDatabaseOnly, .notSettable: continue
            }
        }
        document.add(lines, backend: backend)
        for other in others {
            document.blank()
            document.comment(other)
        }
        if !document.isLive {
            document.blank()
            document.comment("Nothing to put back.")
        }
        return document
    }

    /// How a file sets the knob to the value; nil if the key cannot take it.
    private func line(for knob: Knob, _ value: Int64) -> Line? {
        guard let key = key(turning: knob), let spelled = key.spelled(value, of: knob) else {
            return nil
        }
        return Line(path: key.path, value: spelled, comment: "")
    }
}

private struct Line {
    let path: String
    let value: HOCONValue
    var comment: String

    func with(_ comment: String) -> Line { Line(path: path, value: value, comment: comment) }
}

extension HOCONDocument {
    fileprivate mutating func add(_ lines: [Line], backend: String) {
        let group = Dialect.groupOfMessages
        if lines.contains(where: { $0.path.hasPrefix(group + ".") }) {
            blank()
            set(
                "\(group).backend", .string(backend),
                comment:
                    "Has to be the backend of durable_storage.messages, or the node does not boot.")
        }
        for line in lines {
            blank()
            set(line.path, line.value, comment: line.comment)
        }
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
