internal import HOCON
internal import MQTT

extension MessageClass {
    static let keys = [
        "role", "topic", "every", "jitter", "phase", "rate", "on", "burst", "qos", "retain",
        "expiry", "content_type", "user_properties", "event_id", "topic_alias", "payload",
        "variables", "target",
    ]
    static let burstKeys = ["count", "spacing"]
    /// Streams of one client that one kind of message may have.
    private static let mostStreams = 10_000

    /// The messages of a group.
    static func read(
        _ block: FleetBlock, _ groups: [GroupOutline], _ place: Int
    ) throws(HOCONError) -> [MessageClass] {
        var classes: [MessageClass] = []
        for (name, inner) in try block.blocks("messages") {
            classes.append(try MessageClass(name, inner, groups, groups[place]))
        }
        return classes
    }

    private init(
        _ name: String, _ block: FleetBlock, _ groups: [GroupOutline], _ own: GroupOutline
    ) throws(HOCONError) {
        try block.refuseUnknown(Self.keys, of: "a message")
        self.name = name
        role = try block.choice("role", of: Role.self) ?? .reading
        target = try block.target(groups)
        let variables = try FleetVariable.read(block, "variables")
        self.variables = variables
        let about = target.map { groups[$0] } ?? own
        let deviceNames = about.variables.map(\.name)
        for variable in variables where deviceNames.contains(variable.name) {
            throw block.error(
                "variables", "has `\(variable.name)`, which group `\(about.name)` has, too")
        }
        func names(perMessage: Bool) -> TextTemplate.Names {
            .init(
                variables: deviceNames, messageVariables: variables.map(\.name),
                perMessage: perMessage)
        }
        topic = try block.topic("topic", names(perMessage: false))
        schedule = try block.schedule()
        burst = try block.burst()
        qos = try block.qos() ?? .atMostOnce
        retain = try block.flag("retain") ?? false
        expiry = try block.seconds("expiry")
        contentType = try block.plainText("content_type")
        userProperties = try block.userProperties()
        eventID = try block.flag("event_id") ?? false
        topicAlias = try block.flag("topic_alias") ?? false
        payload = try PayloadTemplate(block, names(perMessage: true))
        guard payload.longest <= PayloadTemplate.largest else {
            throw block.error(
                "payload", "may have more than the \(PayloadTemplate.largest) bytes that EMQX takes"
            )
        }
        guard !topicAlias || qos == .atMostOnce else {
            throw block.error(
                "topic_alias",
                "needs `qos = 0`: what is sent again on another connection cannot use this one's aliases"
            )
        }
        guard !topicAlias || target == nil else {
            throw block.error("topic_alias", "needs one topic, and `target` gives many")
        }
        var streams = 1
        for variable in variables {
            streams *= variable.values.count
            guard streams <= Self.mostStreams else {
                throw block.error(
                    "variables", "make more than \(Self.mostStreams) streams for each client")
            }
        }
    }
}

extension FleetBlock {
    fileprivate func target(_ groups: [GroupOutline]) throws(HOCONError) -> Int? {
        guard let name = try text("target") else { return nil }
        guard let place = groups.firstIndex(where: { $0.name == name }) else {
            throw error("target", "is `\(name)`" + remedy(name, among: groups.map(\.name)))
        }
        return place
    }

    fileprivate func schedule() throws(HOCONError) -> MessageClass.Schedule {
        let given = ["every", "rate", "on"].filter { has($0) }
        guard given.count == 1 else {
            if given.count > 1 {
                throw error(given[1], "cannot stand beside `\(given[0])`; leave out one")
            }
            throw missing("every", "`every = \"10s\"`, `rate = \"2/h\"`, or `on = connect`")
        }
        if !has("every") {
            for key in ["jitter", "phase"] where has(key) {
                throw error(key, "needs `every`; leave it out")
            }
        }
        if let text = try text("on") {
            guard text == "connect" else {
                throw error("on", "is `\(text)`; only `connect` is known")
            }
            return .onConnect
        }
        if has("rate") { return .poisson(meanGap: try meanGap()) }
        // A year is no period: what comes once in the traffic has a phase.
        guard let period = try time("every", from: FleetTime.shortest) else {
            throw missing("every", "a duration")
        }
        let jitter = try time("jitter", through: period) ?? 0
        guard has("phase"), object["phase"] != .string("random") else {
            return .every(period: period, jitter: jitter, phase: nil)
        }
        return .every(
            period: period, jitter: jitter, phase: try time("phase", through: period) ?? 0)
    }

    /// `rate = "2/h"`: so many in a second, minute, hour or day, in the long run.
    private func meanGap() throws(HOCONError) -> Double {
        let units: [Substring: Double] = ["s": 1, "m": 60, "h": 3_600, "d": 86_400]
        let text = try text("rate") ?? ""
        let halves = text.split(separator: "/", omittingEmptySubsequences: false)
        // More than one each 10 microseconds is no device.
        guard halves.count == 2, let count = Double(halves[0]), let unit = units[halves[1]],
            count > 0, count / unit <= 1e5, count / unit >= 1e-9
        else {
            throw error(
                "rate", "is `\(text)`; write how many in a second, minute, hour or day: \"2/h\"")
        }
        return unit / count * Double(FleetTime.second)
    }

    fileprivate func burst() throws(HOCONError) -> MessageClass.Burst {
        guard let inner = try block("burst") else {
            return MessageClass.Burst(count: 1, spacing: .constant(0))
        }
        try inner.refuseUnknown(MessageClass.burstKeys, of: "a burst")
        guard let count = try inner.integer("count", in: 1...100_000) else {
            throw inner.missing("count", "how many messages it has")
        }
        return MessageClass.Burst(
            count: count, spacing: try inner.timeSpread("spacing") ?? .constant(10e6))
    }

    fileprivate func userProperties() throws(HOCONError) -> [MessageClass.UserProperty] {
        guard let inner = try block("user_properties") else { return [] }
        var properties: [MessageClass.UserProperty] = []
        for entry in inner.object.entries {
            let value = try inner.text(entry.key) ?? ""
            guard value.utf8.count + entry.key.utf8.count <= 1_024,
                !value.utf8.contains(0), !entry.key.utf8.contains(0)
            else { throw inner.error(entry.key, "is longer than 1024 bytes, or has a NUL in it") }
            properties.append(MessageClass.UserProperty(name: entry.key, value: value))
        }
        return properties
    }
}
