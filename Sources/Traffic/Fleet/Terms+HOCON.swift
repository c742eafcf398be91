internal import HOCON
internal import MQTT

/// The keys of a group that are about its connections.
extension SessionTerms {
    private static let versionNames: [(name: String, version: ProtocolVersion)] = [
        ("v3_1", .v3_1), ("v3_1_1", .v3_1_1), ("v5", .v5),
    ]

    init(_ block: FleetBlock) throws(HOCONError) {
        let weights = try block.weights("versions", of: Self.versionNames.map(\.name))
        var versions: [VersionShare] = []
        for (name, weight) in weights ?? [("v5", 1)] {
            for known in Self.versionNames where known.name == name {
                versions.append(VersionShare(version: known.version, weight: weight))
            }
        }
        self.versions = versions
        cleanStart = try block.flag("clean_start") ?? true
        expiry = try block.seconds("session_expiry", never: true) ?? 0
        keepAlive = UInt16(try block.seconds("keep_alive", atMost: 65_535) ?? 60)
        receiveMaximum = try block.integer("receive_maximum", in: 1...65_535).map { UInt16($0) }
        window = try block.integer("max_inflight", in: 1...65_535) ?? 20
        buffer = try block.integer("buffer", in: 0...1_000_000) ?? 1_000
        retry = try block.time("retry", from: FleetTime.shortest)
    }
}

extension LinkTerms {
    init(_ block: FleetBlock) throws(HOCONError) {
        let second = Double(FleetTime.second)
        roundTrip =
            try block.timeSpread("round_trip", from: 1_000) ?? .logNormal(p50: 20e6, p99: 120e6)
        joinWithin = try block.time("join_within") ?? 5 * FleetTime.second
        loss = try block.share("loss") ?? 0
        recovery =
            try block.timeSpread("recovery", from: FleetTime.shortest)
            ?? .logNormal(p50: 5 * second, p99: 60 * second)
        reconnect =
            try block.timeSpread("reconnect", from: FleetTime.shortest)
            ?? .uniform(second, 5 * second)
        reconnectLimit =
            try block.time("reconnect_limit", from: FleetTime.shortest) ?? 60 * FleetTime.second
        let weights = try block.weights("departures", of: Departure.allCases.map(\.rawValue))
        var departures: [DepartureShare] = []
        for (name, weight) in weights ?? [(Departure.silent.rawValue, 1)] {
            guard let departure = Departure(rawValue: name) else { continue }
            departures.append(DepartureShare(departure: departure, weight: weight))
        }
        self.departures = departures
        // Without a keep alive, the broker would wait for a silent client for ever, which is as it is; but the
        // file should not ask for it by accident.
        if try block.seconds("keep_alive") == 0,
            departures.contains(where: { $0.departure == .silent && $0.weight > 0 })
        {
            throw block.error(
                "keep_alive",
                "is 0, but clients leave silently; give it, or name other `departures`")
        }
    }
}

extension Outages {
    init?(_ block: FleetBlock) throws(HOCONError) {
        guard let inner = try block.block("outages") else { return nil }
        try inner.refuseUnknown(ClientGroup.outageKeys, of: "outages")
        guard let lasting = try inner.timeSpread("lasting", from: FleetTime.shortest) else {
            throw inner.missing("lasting", "how long one is, as \"30s\"")
        }
        self.lasting = lasting
        if let period = try inner.time("every", from: FleetTime.second) {
            guard !inner.has("mean_between") else {
                throw inner.error("mean_between", "cannot stand beside `every`; leave out one")
            }
            schedule = .every(period: period, first: try inner.time("first") ?? period)
        } else if let mean = try inner.time("mean_between", from: FleetTime.second) {
            guard !inner.has("first") else {
                throw inner.error("first", "needs `every`; outages at random have no first")
            }
            schedule = .poisson(meanGap: Double(mean))
        } else {
            throw inner.missing("every", "`every` (with `first`), or `mean_between`")
        }
    }
}

extension WillTerms {
    static let keys = ["topic", "payload", "qos", "retain", "delay", "expiry", "content_type"]

    init(_ block: FleetBlock, _ variables: [String]) throws(HOCONError) {
        try block.refuseUnknown(Self.keys, of: "a will")
        topic = try block.topic("topic", .init(variables: variables, perMessage: false))
        payload = try PayloadTemplate(block, .init(variables: variables, perMessage: true))
        guard payload.longest <= 65_535 else {
            throw block.error("payload", "may have more than the 65535 bytes that a will can have")
        }
        qos = try block.qos() ?? .atMostOnce
        retain = try block.flag("retain") ?? false
        delay = try block.seconds("delay") ?? 0
        expiry = try block.seconds("expiry")
        contentType = try block.plainText("content_type")
    }
}

extension SubscriptionTerms {
    static let keys = [
        "filter", "qos", "retain_as_published", "retain_handling", "no_local", "identifier",
    ]
    /// Subscriptions in one SUBSCRIBE.
    private static let most = 1_000

    static func read(
        _ block: FleetBlock, _ names: TextTemplate.Names
    ) throws(HOCONError) -> [SubscriptionTerms] {
        var list: [SubscriptionTerms] = []
        for (name, inner) in try block.blocks("subscriptions") {
            try inner.refuseUnknown(keys, of: "a subscription")
            guard let filter = try inner.template("filter", names) else {
                throw inner.missing("filter", "a topic filter, as \"sensors/+/temperature\"")
            }
            let isShared: Bool
            do throws(CodecError) {
                isShared = try TopicFilter(filter.specimen).sharedGroup != nil
            } catch {
                throw inner.error("filter", "is no topic filter (\(error))")
            }
            let noLocal = try inner.flag("no_local") ?? false
            // [MQTT-3.8.3-4]
            guard !noLocal || !isShared else {
                throw inner.error("no_local", "cannot be set on a shared subscription")
            }
            list.append(
                SubscriptionTerms(
                    name: name, filter: filter, qos: try inner.qos() ?? .atLeastOnce,
                    retainAsPublished: try inner.flag("retain_as_published") ?? false,
                    retainHandling: UInt8(try inner.integer("retain_handling", in: 0...2) ?? 0),
                    noLocal: noLocal,
                    identifier: try inner.integer("identifier", in: 1...268_435_455).map {
                        UInt32($0)
                    }))
        }
        guard list.count <= most else {
            throw block.error("subscriptions", "has more than \(most); leave out some")
        }
        // One SUBSCRIBE has one identifier for all its filters (3.8.2.1.2).
        guard Set(list.map(\.identifier)).count <= 1 else {
            throw block.error(
                "subscriptions",
                "has different identifiers; they go in one SUBSCRIBE, which has one"
            )
        }
        return list
    }
}

extension FleetBlock {
    func qos() throws(HOCONError) -> QoS? {
        try integer("qos", in: 0...2).flatMap { QoS(rawValue: UInt8($0)) }
    }
}
