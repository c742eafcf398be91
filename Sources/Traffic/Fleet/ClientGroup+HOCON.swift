internal import HOCON
internal import MQTT

extension ClientGroup {
    static let keys = [
        "count", "scale", "client_id", "username", "variables", "versions", "clean_start",
        "session_expiry", "keep_alive", "receive_maximum", "max_inflight", "buffer", "retry",
        "round_trip", "join_within", "loss", "recovery", "reconnect", "reconnect_limit",
        "departures", "will", "messages", "subscriptions", "resubscribe", "outages", "pitfalls",
    ]
    static let outageKeys = ["every", "first", "mean_between", "lasting"]

    /// All groups of a file.
    static func read(_ top: FleetBlock) throws(HOCONError) -> [ClientGroup] {
        let blocks = try top.blocks("groups")
        guard !blocks.isEmpty else {
            throw top.missing("groups", "who connects: `groups { sensors { count = 10, … } }`")
        }
        // A message may be about a member of a group that comes later.
        var outlines: [GroupOutline] = []
        for (name, block) in blocks {
            try block.refuseUnknown(keys, of: "a group")
            guard name.utf8.allSatisfy({ $0.isPlain }), 1...100 ~= name.utf8.count else {
                throw HOCONError(
                    block.position,
                    "`\(block.path)` has a name that is not letters, digits, `-` and `_`")
            }
            outlines.append(
                GroupOutline(name: name, variables: try FleetVariable.read(block, "variables")))
        }
        var groups: [ClientGroup] = []
        for (place, (_, block)) in blocks.enumerated() {
            groups.append(try ClientGroup(block, outlines, place))
        }
        try checkIdentifiers(groups, blocks.map(\.block))
        return groups
    }

    private init(
        _ block: FleetBlock, _ outlines: [GroupOutline], _ place: Int
    ) throws(HOCONError) {
        name = outlines[place].name
        let variables = outlines[place].variables
        self.variables = variables
        let names = TextTemplate.Names(variables: variables.map(\.name), perMessage: false)
        guard let count = try block.integer("count", in: 0...Fleet.mostClients) else {
            throw block.missing("count", "how many clients it has")
        }
        self.count = count
        scales = try block.flag("scale") ?? true
        guard let clientID = try block.identifier("client_id", names) else {
            throw block.missing("client_id", "what they are called, as \"dev-{index:4}\"")
        }
        self.clientID = clientID
        username = try block.identifier("username", names)
        session = try SessionTerms(block)
        link = try LinkTerms(block)
        will = try block.block("will").map { will throws(HOCONError) in
            try WillTerms(will, variables.map(\.name))
        }
        messages = try MessageClass.read(block, outlines, place)
        subscriptions = try SubscriptionTerms.read(block, names)
        resubscribes = try block.flag("resubscribe") ?? false
        outages = try Outages(block)
        pitfalls = try Self.pitfalls(block)
    }

    private static func pitfalls(_ block: FleetBlock) throws(HOCONError) -> [PitfallShare] {
        guard let inner = try block.block("pitfalls") else { return [] }
        try inner.refuseUnknown(Pitfalls.catalogue.map(\.name), of: "the pitfalls")
        var shares: [PitfallShare] = []
        for entry in Pitfalls.catalogue {
            guard let share = try inner.share(entry.name) else { continue }
            shares.append(PitfallShare(pitfall: entry.pitfall, share: share))
        }
        return shares
    }

    /// Two clients must never have one identifier, whatever the counts become.
    private static func checkIdentifiers(
        _ groups: [ClientGroup], _ blocks: [FleetBlock]
    ) throws(HOCONError) {
        for (place, group) in groups.enumerated() {
            guard let prefix = group.prefix else {
                throw blocks[place].error(
                    "client_id", "has to begin with text of its own, as \"dev-{index}\"")
            }
            guard group.count <= 1 && !group.scales || group.tellsApart else {
                throw blocks[place].error(
                    "client_id",
                    "does not tell its clients apart; put `-{index}` at its end, or write `count = 1` and `scale = false`"
                )
            }
            for other in groups.prefix(place) {
                guard let theirs = other.prefix else { continue }
                let overlaps =
                    prefix == theirs
                    || prefix.starts(with: theirs) && other.clientID.parts.count > 1
                    || theirs.starts(with: prefix) && group.clientID.parts.count > 1
                guard !overlaps else {
                    throw blocks[place].error(
                        "client_id",
                        "may give identifiers that group `\(other.name)` has too; begin them differently"
                    )
                }
            }
        }
    }

    private var prefix: [UInt8]? {
        if case .text(let text)? = clientID.parts.first { text } else { nil }
    }

    /// The index is there, and nothing beside it can be taken for a part of it.
    private var tellsApart: Bool {
        guard
            let place = clientID.parts.firstIndex(where: {
                if case .field(.index, _, _) = $0 { true } else { false }
            }), place > 0, case .text(let before) = clientID.parts[place - 1],
            before.last.map({ !$0.isDigit }) ?? false
        else { return false }
        guard place + 1 < clientID.parts.count else { return true }
        guard case .text(let after) = clientID.parts[place + 1] else { return false }
        return after.first.map { !$0.isDigit } ?? true
    }
}

/// What other groups have to know of a group.
struct GroupOutline {
    let name: String
    let variables: [FleetVariable]
}

extension UInt8 {
    /// Decimal or hexadecimal.
    fileprivate var isDigit: Bool {
        (0x30...0x39).contains(self) || (0x41...0x46).contains(self & 0xDF)
    }
}

extension FleetVariable {
    static let keys = ["values", "pattern", "from", "to", "assign"]
    private static let mostValues = 100_000
    private static let longest = 200

    /// `variables { region = [north, south], site { pattern = "site-{n}", from = 1, to = 40 } }`
    static func read(_ block: FleetBlock, _ key: String) throws(HOCONError) -> [FleetVariable] {
        guard let outer = try block.block(key) else { return [] }
        var variables: [FleetVariable] = []
        for entry in outer.object.entries {
            guard !TextTemplate.builtIn.contains(where: { $0.name == entry.key }) else {
                throw outer.error(entry.key, "is there already, with a meaning of its own")
            }
            if case .array(let list) = entry.value {
                variables.append(
                    FleetVariable(
                        name: entry.key, values: try outer.values(entry.key, list),
                        assignment: .turn))
                continue
            }
            guard let inner = try outer.block(entry.key) else { continue }
            try inner.refuseUnknown(keys, of: "a variable")
            let values: [[UInt8]]
            if case .array(let list)? = inner.object["values"] {
                values = try inner.values("values", list)
            } else {
                values = try inner.pattern()
            }
            variables.append(
                FleetVariable(
                    name: entry.key, values: values,
                    assignment: try inner.choice("assign", of: Assignment.self) ?? .turn))
        }
        return variables
    }

    fileprivate static func check(_ text: String) -> Bool {
        let bytes = Array(text.utf8)
        let refused = Array("+#\"\\".utf8)
        return 1...longest ~= bytes.count
            && bytes.allSatisfy { $0 >= 0x20 && $0 != 0x7F && !refused.contains($0) }
    }
}

extension FleetBlock {
    fileprivate func values(_ key: String, _ list: [HOCONValue]) throws(HOCONError) -> [[UInt8]] {
        var values: [[UInt8]] = []
        for value in list {
            switch value {
            case .string(let text) where FleetVariable.check(text),
                .number(let text) where FleetVariable.check(text):
                values.append(Array(text.utf8))
            default:
                throw error(
                    key,
                    "has the value \(value.inline), which cannot stand in a topic; write up to 200 characters without + # \" and \\"
                )
            }
        }
        guard !values.isEmpty else { throw error(key, "has no values; write at least one") }
        return values
    }

    fileprivate func pattern() throws(HOCONError) -> [[UInt8]] {
        guard let pattern = try text("pattern"),
            let from = try integer("from", in: 0...1_000_000_000),
            let to = try integer("to", in: 0...1_000_000_000)
        else {
            throw missing(
                "values", "`values = [ … ]`, or `pattern = \"site-{n}\"` with `from` and `to`")
        }
        guard from <= to, to - from < 100_000 else {
            throw error("to", "has to be at least `from`, and at most 99999 more")
        }
        guard pattern.contains("{n}"), FleetVariable.check(pattern) else {
            throw error("pattern", "has to have `{n}` in it, and no + # \" and \\")
        }
        let halves = pattern.split(separator: "{n}", omittingEmptySubsequences: false)
        return (from...to).map { number in Array(halves.joined(separator: "\(number)").utf8) }
    }

    /// Text with names in braces.
    func template(
        _ key: String, _ names: TextTemplate.Names
    ) throws(HOCONError) -> TextTemplate? {
        guard let text = try text(key) else { return nil }
        return try template(text, key, names)
    }

    func template(
        _ text: String, _ key: String, _ names: TextTemplate.Names
    ) throws(HOCONError) -> TextTemplate {
        guard text.utf8.count <= TextTemplate.longest else {
            throw error(key, "is longer than \(TextTemplate.longest) bytes")
        }
        let template: TextTemplate
        do throws(TextTemplate.Fault) { template = try TextTemplate(text, names) } catch {
            let hint = error.unknown.map { remedy($0, among: names.fields.map(\.name)) } ?? ""
            throw self.error(key, "is \"\(text)\": \(error.sentence)\(hint)")
        }
        guard template.fields.count <= TextTemplate.mostFields else {
            throw error(key, "has more than \(TextTemplate.mostFields) names in braces")
        }
        return template
    }

    /// What a client or a user is called: short, and without control characters.
    fileprivate func identifier(
        _ key: String, _ names: TextTemplate.Names
    ) throws(HOCONError) -> TextTemplate? {
        guard let template = try template(key, names) else { return nil }
        guard let text = try plainText(key, atMost: 200), template.fields.count <= 8 else {
            throw error(key, "has more than 8 names in braces")
        }
        _ = text
        return template
    }

    /// Text that goes into a packet as it is.
    func plainText(_ key: String, atMost longest: Int = 1_024) throws(HOCONError) -> String? {
        guard let text = try text(key) else { return nil }
        guard text.utf8.count <= longest, text.utf8.allSatisfy({ $0 >= 0x20 && $0 != 0x7F }) else {
            throw error(key, "is longer than \(longest) bytes, or has control characters in it")
        }
        return text
    }

    func topic(
        _ key: String, _ names: TextTemplate.Names
    ) throws(HOCONError) -> TextTemplate {
        guard let topic = try template(key, names) else {
            throw missing(key, "a topic, as \"sensors/{device}/temperature\"")
        }
        let bytes = Array(topic.specimen.utf8)
        guard isValidTopicName(bytes.span.bytes), bytes.first != UInt8(ascii: "$") else {
            throw error(key, "is no topic to publish to: it is empty, has + or #, or begins with $")
        }
        return topic
    }
}
