internal import MQTT
package import Measure
package import Traffic

/// A timeline with more devices: each device is there several times, under names of its own and a little
/// later.
///
/// A clone does what its original does. Its client identifier, and the device's name in the topics of its
/// PUBLISHes, its SUBSCRIBEs and its will, have `~1`, `~2`, … behind them; filters with a wildcard in that place
/// stay. Clients that are no devices are there once, and what they send to a device, or ask for of one, they send
/// and ask for of its clones too.
package final class FleetTimeline: Timeline {
    private let base: any Timeline
    private let factor: Int
    /// How much later each clone does everything; the original, first, not at all.
    private let phases: [Nanoseconds]
    /// The clone that does everything last.
    private let slowest: Int
    private let renaming: DeviceRenaming
    /// By clone.
    private let marks: [[UInt8]]
    package private(set) var clients: [TimelineClient] = []
    /// By number in the base and by clone: number in this timeline; -1 before the first step.
    private var numbers: [[Int32]] = []
    /// By number in this timeline: number in the base.
    private var originals: [Int] = []
    private var versions: [ProtocolVersion] = []
    private var isDevice: [Bool] = []
    private var aliases = AliasMemory()

    /// The base's next step, and whether it has more.
    private var pending: TimelineStep?
    private var isBaseOver = false
    /// What devices did lately, for clones that do it later.
    private var line = DelayLine()
    /// Which step of the line each clone does next.
    private var cursors: [Int]
    /// Clones that have a step to do.
    private var due = DueQueue<Nanoseconds, Int>()
    /// Clones that have done all that is in the line.
    private var idle: [Int]
    /// What clients that are no devices send for clones.
    private var copies = DueQueue<Nanoseconds, Copy>()
    private var ready = StepQueue()
    private var lastOffset = Nanoseconds.zero
    private var made: [UInt8] = []
    private var isMade = false
    /// Clones were so far behind that what they were to do did not fit into memory, and did it sooner.
    package private(set) var wasShortened = false

    private struct Copy {
        let step: TimelineStep
        let packet: [UInt8]
    }

    /// What may wait for clones, bytes.
    private static let lineLimit = 64 << 20

    /// - Parameters:
    ///   - factor: how many there are of each device afterwards.
    ///   - spread: clones are late by up to so much, evenly.
    package init(
        _ base: any Timeline, by factor: Int, devices: DeviceLevels, spread: Nanoseconds,
        seed: Seed
    ) {
        precondition(factor > 0)
        self.base = base
        self.factor = factor
        renaming = DeviceRenaming(devices)
        marks = (0..<factor).map { Array(DeviceRenaming.mark($0).utf8) }
        var chance = seed.branch("fleet")
        let phases = (0..<factor).map {
            $0 == 0
                ? .zero : Nanoseconds(Int64.random(in: 0...max(0, spread.count), using: &chance))
        }
        self.phases = phases
        slowest = phases.indices.dropFirst().max { phases[$0] < phases[$1] } ?? 0
        cursors = Array(repeating: 0, count: factor)
        idle = Array(1..<factor)
    }

    package func next() throws(CaptureError) -> TimelineStep? {
        isMade = false
        if let step = takeReady() { return step }
        if pending == nil, !isBaseOver {
            pending = try base.next()
            isBaseOver = pending == nil
        }
        let now = pending?.offset ?? Nanoseconds(.max)
        let isCrowded = line.byteCount > Self.lineLimit
        if isCrowded, pending != nil { wasShortened = true }
        if let time = due.next, time < now || isCrowded, copies.next.map({ time <= $0 }) ?? true {
            return cloned(min(time, now))
        }
        if let time = copies.next, time < now { return copied(time) }
        guard let step = pending else { return nil }
        if endsConnection(step), flushCopies(of: step) { return takeReady() }
        pending = nil
        return original(step)
    }

    package func withPacket(_ body: (RawSpan) -> Void) {
        if isMade { made.withPacket(body) } else { base.withPacket(body) }
    }

    package func answerDelays(of client: Int) -> [Nanoseconds?] {
        base.answerDelays(of: originals[client])
    }

    private func takeReady() -> TimelineStep? {
        guard let step = ready.next(&made) else { return nil }
        isMade = true
        lastOffset = max(lastOffset, step.offset)
        return step
    }

    /// The original's own step.
    private func original(_ step: TimelineStep) -> TimelineStep {
        lastOffset = max(lastOffset, step.offset)
        note(step)
        if factor > 1 { base.withPacket { keep(step, $0) } }
        var own = step
        own.client = number(step.client, 0)
        return own
    }

    private func note(_ step: TimelineStep) {
        while isDevice.count <= step.client {
            isDevice.append(renaming.isDevice(base.clients[isDevice.count].clientID))
            versions.append(.v3_1_1)
        }
        if case .opened(_, let version) = step.kind {
            versions[step.client] = version
            aliases.forget(step.client)
        }
    }

    /// Keeps a step for the clones.
    private func keep(_ step: TimelineStep, _ packet: RawSpan) {
        guard isDevice[step.client] else { return copy(step, packet) }
        let version = versions[step.client]
        var place: Int?
        if case .packet(.publish, _, _) = step.kind {
            place = renaming.place(inPublish: packet, version: version)
        }
        line.append(DelayLine.Entry(step: step, version: version, place: place), packet)
        for clone in idle { due.add(clone, at: step.offset + phases[clone]) }
        idle.removeAll(keepingCapacity: true)
    }

    /// A client that is no device speaks to clones as it does to their original.
    private func copy(_ step: TimelineStep, _ packet: RawSpan) {
        guard case .packet(let type, let qos, _) = step.kind else { return }
        let version = versions[step.client]
        var topic: [UInt8]?
        if type == .publish, let header = try? PublishHeader.read(packet, version: version) {
            topic = aliases.note(header, packet, of: step.client)
        }
        for clone in 1..<factor {
            var bytes: [UInt8] = []
            guard
                let offset = renaming.copy(
                    packet, type, for: clone, version: version, aliased: topic, to: &bytes)
            else { return }
            let copy = TimelineStep(
                offset: step.offset + phases[clone], client: number(step.client, 0),
                kind: .packet(type, qos: qos, packetIDOffset: offset))
            copies.add(Copy(step: copy, packet: bytes), at: copy.offset)
        }
    }

    private func copied(_ time: Nanoseconds) -> TimelineStep? {
        guard let copy = copies.take() else { return nil }
        return made(copy, at: time)
    }

    private func made(_ copy: Copy, at time: Nanoseconds) -> TimelineStep {
        made = copy.packet
        isMade = true
        var step = copy.step
        step.offset = max(lastOffset, time)
        lastOffset = step.offset
        return step
    }

    private func endsConnection(_ step: TimelineStep) -> Bool {
        switch step.kind {
        case .opened, .closed, .packet(.disconnect, _, _): !copies.isEmpty
        case .packet: false
        }
    }

    /// Before a client leaves, it sends what it has for clones.
    /// - Returns: whether there was anything.
    private func flushCopies(of step: TimelineStep) -> Bool {
        let client = number(step.client, 0)
        for copy in copies.removeAll(where: { $0.step.client == client }) {
            var early = copy.step
            early.offset = step.offset
            ready.append(early, copy.packet.span.bytes)
        }
        return !ready.isEmpty
    }

    /// The next step of the clone that is first.
    private func cloned(_ time: Nanoseconds) -> TimelineStep? {
        guard let clone = due.take() else { return nil }
        let cursor = cursors[clone]
        cursors[clone] = cursor + 1
        let entry = line[cursor]
        var step = entry.step
        step.client = number(step.client, clone)
        line.withPacket(cursor) { step.kind = rename(entry, $0, for: clone) }
        isMade = true
        step.offset = max(lastOffset, time)
        lastOffset = step.offset
        if let next = line.offset(cursor + 1) {
            due.add(clone, at: next + phases[clone])
        } else {
            idle.append(clone)
        }
        // Others may be as late as the slowest.
        if clone == slowest { line.trim(upTo: cursors.dropFirst().min() ?? 0) }
        return step
    }

    /// Makes the clone's packet.
    private func rename(
        _ entry: DelayLine.Entry, _ packet: RawSpan, for clone: Int
    ) -> TimelineStep.Kind {
        guard case .packet(let type, let qos, let offset) = entry.step.kind else {
            made.removeAll(keepingCapacity: true)
            return entry.step.kind
        }
        if let place = entry.place {
            let moved = made.copy(publish: packet, with: marks[clone], at: place)
            return .packet(type, qos: qos, packetIDOffset: offset == 0 ? 0 : offset + moved)
        }
        let changed = renaming.rename(
            packet, type, for: clone, version: entry.version, to: &made)
        return .packet(type, qos: qos, packetIDOffset: changed ?? offset)
    }

    private func number(_ client: Int, _ clone: Int) -> Int {
        while numbers.count <= client {
            numbers.append(Array(repeating: -1, count: factor))
        }
        let known = numbers[client][clone]
        guard known < 0 else { return Int(known) }
        var member = base.clients[client]
        if clone > 0, !member.clientID.isEmpty { member.clientID += DeviceRenaming.mark(clone) }
        clients.append(member)
        originals.append(client)
        numbers[client][clone] = Int32(clients.count - 1)
        return clients.count - 1
    }
}
