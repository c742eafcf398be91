internal import MQTT

/// Gives clones of devices names of their own: in CONNECT, in topics, in filters.
struct DeviceRenaming {
    private let devices: DeviceLevels
    /// Levels that name a device in any topic that begins so; the empty text for filters that begin with a
    /// wildcard.
    private var levels: [String: Set<Int>] = [:]

    init(_ devices: DeviceLevels) {
        self.devices = devices
        for (shape, level) in devices.levels {
            levels[shape.first, default: []].insert(level)
            levels["", default: []].insert(level)
        }
    }

    /// What stands behind the names of a clone.
    static func mark(_ clone: Int) -> String { "~\(clone)" }

    func isDevice(_ clientID: String) -> Bool {
        devices.clients.contains(clientID) || devices.names.contains(clientID)
    }

    /// - Returns: nil if the topic names no device.
    func renamed(topic: String, for clone: Int) -> String? {
        let levels = topic.topicLevels
        guard let level = devices.level(of: levels), devices.names.contains(String(levels[level]))
        else { return nil }
        return Self.marked(levels, level, clone)
    }

    /// - Returns: nil if the filter names no device.
    func renamed(filter: String, for clone: Int) -> String? {
        let levels = filter.topicLevels
        // $share/<group>/<filter>
        let start = levels[0] == "$share" && levels.count > 2 ? 2 : 0
        let first = levels[start] == "+" || levels[start] == "#" ? "" : String(levels[start])
        for level in (self.levels[first] ?? []).sorted() where start + level < levels.count {
            guard devices.names.contains(String(levels[start + level])) else { continue }
            return Self.marked(levels, start + level, clone)
        }
        return nil
    }

    private static func marked(_ levels: [Substring], _ level: Int, _ clone: Int) -> String {
        var levels = levels.map(String.init)
        levels[level] += mark(clone)
        return levels.joined(separator: "/")
    }
}

extension DeviceRenaming {
    /// Where in a PUBLISH the mark of a clone goes: behind the device's name.
    /// - Returns: nil if its topic names no device, or stands in an alias.
    func place(inPublish packet: RawSpan, version: ProtocolVersion) -> Int? {
        guard let header = try? PublishHeader.read(packet, version: version),
            1...Self.longestTopic ~= header.topic.count
        else { return nil }
        let topic = packet.extracting(header.topic).withUnsafeBytes {
            String(decoding: $0, as: UTF8.self)
        }
        let levels = topic.topicLevels
        guard let level = devices.level(of: levels), devices.names.contains(String(levels[level]))
        else { return nil }
        return header.topic.lowerBound + levels[...level].reduce(level) { $0 + $1.utf8.count }
    }

    /// Bytes; leaves room for a mark.
    private static let longestTopic = 0xFFFF - 16

    /// Writes what a device sends beside its PUBLISHes as its clone sends it.
    /// - Returns: where its identifier is; nil if it goes as it is, with its identifier where it was.
    func rename(
        _ packet: RawSpan, _ type: PacketType, for clone: Int, version: ProtocolVersion,
        to bytes: inout [UInt8]
    ) -> Int? {
        bytes.removeAll(keepingCapacity: true)
        switch type {
        case .connect:
            if case .connect(var connect)? = try? Packet.read(packet, version: version) {
                if !connect.clientID.isEmpty { connect.clientID += Self.mark(clone) }
                if let topic = connect.will.flatMap({ renamed(topic: $0.topic, for: clone) }) {
                    connect.will?.topic = topic
                }
                connect.write(to: &bytes)
                return 0
            }
        case .subscribe, .unsubscribe:
            let offset = filters(packet, for: clone, version: version, only: false, to: &bytes)
            if let offset { return offset }
        default: break
        }
        packet.withUnsafeBytes { bytes.append(contentsOf: $0) }
        return nil
    }

    /// Writes what a client that is no device has for a clone.
    ///
    /// - Parameter aliased: what the packet's alias stands for, if it says no topic.
    /// - Returns: where its identifier is; nil if it is not about a device.
    func copy(
        _ packet: RawSpan, _ type: PacketType, for clone: Int, version: ProtocolVersion,
        aliased: [UInt8]?, to bytes: inout [UInt8]
    ) -> Int? {
        switch type {
        case .publish:
            publish(
                packet, for: clone, version: version, aliased: aliased, to: &bytes)
        case .subscribe, .unsubscribe:
            filters(packet, for: clone, version: version, only: true, to: &bytes)
        default: nil
        }
    }

    private func publish(
        _ packet: RawSpan, for clone: Int, version: ProtocolVersion, aliased: [UInt8]?,
        to bytes: inout [UInt8]
    ) -> Int? {
        guard let header = try? PublishHeader.read(packet, version: version) else { return nil }
        let text = aliased.map { String(decoding: $0, as: UTF8.self) }
        let topic =
            text
            ?? packet.extracting(header.topic).withUnsafeBytes {
                String(decoding: $0, as: UTF8.self)
            }
        guard !topic.isEmpty, let own = renamed(topic: topic, for: clone) else { return nil }
        // An alias has one topic, and its own topic it has.
        let edit = PublishEdit(topic: Array(own.utf8), dropsAlias: true)
        return edit.write(header, packet, version: version, to: &bytes)
    }

    /// - Parameter only: filters that name no device are left out.
    private func filters(
        _ packet: RawSpan, for clone: Int, version: ProtocolVersion, only: Bool,
        to bytes: inout [UInt8]
    ) -> Int? {
        var isRenamed = false
        func own(_ filter: String) -> String? {
            let name = renamed(filter: filter, for: clone)
            if name != nil { isRenamed = true }
            return name ?? (only ? nil : filter)
        }
        let changed: Packet
        switch try? Packet.read(packet, version: version) {
        case .subscribe(var subscribe)?:
            subscribe.subscriptions = subscribe.subscriptions.compactMap { subscription in
                own(subscription.filter).map {
                    var copy = subscription
                    copy.filter = $0
                    return copy
                }
            }
            changed = .subscribe(subscribe)
        case .unsubscribe(var unsubscribe)?:
            unsubscribe.filters = unsubscribe.filters.compactMap(own)
            changed = .unsubscribe(unsubscribe)
        default: return nil
        }
        guard isRenamed else { return nil }
        changed.write(to: &bytes, version: version)
        return bytes.headerLength
    }
}
