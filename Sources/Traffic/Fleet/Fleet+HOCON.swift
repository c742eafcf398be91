package import HOCON
internal import MQTT

/// A fleet as a file: what `Profiles/fleets/` holds. Every key is in `Traffic.docc/Fleets.md`.
extension Fleet {
    static let keys = ["name", "description", "duration", "start", "broker", "groups", "storms"]
    /// Without `start`: so that the same seed gives the same bytes on any day.
    private static let standardStart: Int64 = 1_767_225_600_000_000_000
    private static let standardDuration = 600 * FleetTime.second

    /// - Parameter file: its name, for errors.
    /// - Throws: one sentence with file, line, key and remedy for the first thing that is wrong.
    package init(reading config: HOCONValue, file: String) throws(HOCONError) {
        let top = try FleetBlock(file: config, name: file)
        try top.refuseUnknown(Self.keys, of: "a fleet")
        guard let name = try top.text("name") else {
            throw top.missing("name", "what the fleet is called, such as `name = meters`")
        }
        guard !name.isEmpty, name.utf8.allSatisfy({ $0.isPlain }) else {
            throw top.error(
                "name", "has to be letters, digits, `-` and `_`: files are named after it")
        }
        _ = try top.text("description")
        let groups = try ClientGroup.read(top)
        self.init(
            name: name,
            duration: try top.time("duration", from: 1) ?? Self.standardDuration,
            start: try Self.start(top), broker: try BrokerTerms(top.block("broker")),
            groups: groups, storms: try Storm.read(top, groups))
        guard clientCount <= Self.mostClients else {
            throw top.error(
                "groups", "have \(clientCount) clients; at most \(Self.mostClients) can be made")
        }
    }

    private static func start(_ top: FleetBlock) throws(HOCONError) -> Int64 {
        guard let text = try top.text("start") else { return standardStart }
        guard let time = WallClock.parse(text) else {
            throw top.error(
                "start", "is `\(text)`; write it like \"2026-04-21T02:14:09Z\", in UTC")
        }
        return time
    }
}

extension UInt8 {
    /// A letter, a digit, `-` or `_`.
    var isPlain: Bool {
        (0x30...0x39).contains(self) || (0x41...0x5A).contains(self & 0xDF)
            || self == UInt8(ascii: "-") || self == UInt8(ascii: "_")
    }
}

extension BrokerTerms {
    static let keys = [
        "address", "port", "session_expiry", "max_inflight", "max_mqueue_len",
        "mqueue_store_qos0", "delays", "stalls",
    ]
    static let delayKeys = ["connack", "answer", "delivery"]
    static let stallKeys = ["at", "lasting", "delay"]

    /// - Parameter block: nil: everything as EMQX 5.8 has it.
    init(_ block: FleetBlock?) throws(HOCONError) {
        address = try block?.address() ?? [10, 0, 0, 1]
        try block?.refuseUnknown(Self.keys, of: "a broker")
        port = UInt16(try block?.integer("port", in: 1...65_535) ?? 1_883)
        sessionExpiry = try block?.seconds("session_expiry") ?? 7_200
        window = try block?.integer("max_inflight", in: 1...65_535) ?? 32
        // More than EMQX's 1,000 of sessions in memory, because a durable session has no such limit.
        queue = try block?.integer("max_mqueue_len", in: 1...10_000_000) ?? 100_000
        queuesQoS0 = try block?.flag("mqueue_store_qos0") ?? true
        let delays = try block?.block("delays")
        try delays?.refuseUnknown(Self.delayKeys, of: "the delays of a broker")
        self.delays = Delays(
            connack: try delays?.timeSpread("connack")
                ?? .logNormal(p50: 800_000, p99: 8_000_000),
            answer: try delays?.timeSpread("answer") ?? .logNormal(p50: 300_000, p99: 3_000_000),
            delivery: try delays?.timeSpread("delivery")
                ?? .logNormal(p50: 500_000, p99: 5_000_000))
        var stalls: [Stall] = []
        for stall in try block?.list("stalls") ?? [] {
            try stall.refuseUnknown(Self.stallKeys, of: "a stall")
            guard let at = try stall.time("at") else {
                throw stall.missing("at", "when it begins, after the start")
            }
            guard let lasting = try stall.time("lasting", from: 1),
                let delay = try stall.time("delay")
            else { throw stall.missing("lasting", "`lasting` and `delay`, both durations") }
            stalls.append(Stall(at: at, lasting: lasting, delay: delay))
        }
        self.stalls = stalls
    }
}

extension FleetBlock {
    fileprivate func address() throws(HOCONError) -> [UInt8]? {
        guard let text = try text("address") else { return nil }
        let parts = text.split(separator: ".", omittingEmptySubsequences: false).map { UInt8($0) }
        let bytes = parts.compactMap { $0 }
        guard parts.count == 4, bytes.count == 4 else {
            throw error("address", "is `\(text)`; write an IPv4 address in quotes")
        }
        return bytes
    }
}

extension Storm {
    static let keys = ["at", "groups", "share", "down", "departure"]

    static func read(_ top: FleetBlock, _ groups: [ClientGroup]) throws(HOCONError) -> [Storm] {
        var storms: [Storm] = []
        for block in try top.list("storms") {
            try block.refuseUnknown(keys, of: "a storm")
            guard let at = try block.time("at") else {
                throw block.missing("at", "when it comes, after the start")
            }
            let departure = try block.choice("departure", of: Departure.self) ?? .fin
            guard departure == .fin || departure == .reset else {
                throw block.error("departure", "has to be fin or reset: the broker cuts the link")
            }
            storms.append(
                Storm(
                    at: at, groups: try block.groups(groups),
                    share: try block.share("share") ?? 1, down: try block.time("down") ?? 0,
                    departure: departure))
        }
        return storms
    }
}

extension FleetBlock {
    fileprivate func groups(_ all: [ClientGroup]) throws(HOCONError) -> [Int] {
        guard let value = object["groups"] else { return [] }
        guard case .array(let values) = value else {
            throw error("groups", "has to be a list of the names of groups")
        }
        var places: [Int] = []
        for case .string(let name) in values {
            guard let place = all.firstIndex(where: { $0.name == name }) else {
                throw error(
                    "groups", "names `\(name)`" + remedy(name, among: all.map(\.name)))
            }
            places.append(place)
        }
        return places
    }
}
