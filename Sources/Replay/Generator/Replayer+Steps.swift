internal import MQTT
internal import Measure
internal import Traffic

/// Steps: taken when they are due if the client can, else as soon as it can.
extension Replayer {
    func take(_ step: TimelineStep, due: MonotonicTime, at now: MonotonicTime) {
        while clients.count <= step.client { clients.append(VirtualClient()) }
        let index = step.client
        let waits =
            clients[index].mayOvertake(step.kind)
            ? false : !clients[index].waiting.isEmpty || !clients[index].can(step.kind)
        timeline.withPacket { packet in
            if waits {
                postpone(step.kind, packet, of: index, due: due, at: now)
            } else {
                perform(step.kind, packet, of: index, due: due, at: now)
            }
        }
    }

    private func postpone(
        _ kind: TimelineStep.Kind, _ packet: RawSpan, of index: Int, due: MonotonicTime,
        at now: MonotonicTime
    ) {
        deferred.append(
            DeferredSteps.Step(
                kind: kind, intended: due, since: now,
                packet: kind.isBoundary ? nil : copies.keep(packet)),
            to: &clients[index].waiting)
        guard !clients[index].isWatched else { return }
        clients[index].isWatched = true
        plan(.patience, of: index, at: now + options.patience)
    }

    /// Takes the steps that clients could not take before.
    /// - Returns: whether there were any.
    func takeUp(at now: MonotonicTime) -> Bool {
        guard !ready.isEmpty else { return false }
        swap(&ready, &takingUp)
        defer { takingUp.removeAll(keepingCapacity: true) }
        var hasTaken = false
        for index in takingUp {
            if clients[index].isAppalled, let connection = clients[index].link.connection {
                drop(connection, at: now)
                lose(index, at: now)
            }
            if let former = clients[index].former, case .up = clients[index].link {
                // The broker has closed it when it accepted the newer one [MQTT-3.1.4-3], or does so now.
                clients[index].former = nil
                drop(former, at: now)
            }
            while let step = deferred.first(of: clients[index].waiting),
                clients[index].can(step.kind)
            {
                _ = deferred.removeFirst(of: &clients[index].waiting)
                takeWaiting(step, of: index, at: now)
                hasTaken = true
            }
        }
        return hasTaken
    }

    private func takeWaiting(_ step: DeferredSteps.Step, of index: Int, at now: MonotonicTime) {
        waited.removeAll(keepingCapacity: true)
        if let packet = step.packet {
            copies.copy(packet, to: &waited)
            copies.release(packet)
        }
        // Out of the way of what performing changes.
        let packet = waited
        perform(step.kind, packet.span.bytes, of: index, due: step.intended, at: now)
    }

    /// The first step has waited for too long: the client gives up what it wanted to send, up to the end of that
    /// connection.
    func losePatience(of index: Int, at now: MonotonicTime) {
        clients[index].isWatched = false
        while let step = deferred.first(of: clients[index].waiting) {
            guard step.since + options.patience <= now else {
                clients[index].isWatched = true
                return plan(.patience, of: index, at: step.since + options.patience)
            }
            _ = deferred.removeFirst(of: &clients[index].waiting)
            if step.kind.isBoundary {
                takeWaiting(step, of: index, at: now)
                continue
            }
            if let packet = step.packet { copies.release(packet) }
            noteUnsent(step.kind, due: step.intended)
        }
    }

    func noteUnsent(_ kind: TimelineStep.Kind, due: MonotonicTime) {
        guard case .packet(.publish, _, _) = kind, schedule.isMeasured(due) else { return }
        recorder.unsent += 1
    }

    private func perform(
        _ kind: TimelineStep.Kind, _ packet: RawSpan, of index: Int, due: MonotonicTime,
        at now: MonotonicTime
    ) {
        switch kind {
        case .opened(let address, let version):
            clients[index].address = address
            clients[index].version = version
            clients[index].isReturning = false
            releaseKept(of: index)
            open(index, at: now)
        case .packet(.connect, _, _): introduce(index, packet, due: due, at: now)
        case .packet(let type, let qos, let offset):
            guard case .up(let connection) = clients[index].link else {
                return noteUnsent(kind, due: due)
            }
            send(type, qos, offset, packet, of: index, on: connection, due: due, at: now)
        case .closed(let ending): close(index, ending, at: now)
        }
    }
}

extension VirtualClient {
    /// Whether it can do this now, or will never be able to; else it has to wait.
    func can(_ kind: TimelineStep.Kind) -> Bool {
        switch (kind, link) {
        case (.opened, _): return true
        case (.packet(.connect, _, _), _): return true
        // What it has asked for is answered first; a connection that is coming back has nothing to end.
        case (.closed, .greeting): return false
        case (.closed, _): return true
        case (.packet(let type, let qos, let offset), .up):
            // It says goodbye when what it sent was answered, as it did in the recording.
            if type == .disconnect { return inFlight.publishes == 0 }
            guard offset > 0 else { return true }
            guard inFlight.hasFreeID else { return false }
            return type != .publish || qos == .atMostOnce || inFlight.publishes < receiveMaximum
        case (.packet, .greeting): return false
        case (.packet(let type, let qos, _), .lost):
            // Client libraries keep these until they are connected again, and nothing else.
            let isKept =
                type == .subscribe || type == .unsubscribe
                || type == .publish && qos > .atMostOnce
            return !isKept
        case (.packet, .down), (.packet, .made): return true
        }
    }

    /// Nothing holds up a message at QoS 0 or a PINGREQ: they go out, or are lost with the connection that is away.
    func mayOvertake(_ kind: TimelineStep.Kind) -> Bool {
        guard waiting.boundaries == 0 else { return false }
        switch link {
        case .up, .lost: break
        case .down, .made, .greeting: return false
        }
        switch kind {
        case .packet(.pingreq, _, _): return true
        case .packet(.publish, qos: .atMostOnce, _): return true
        default: return false
        }
    }
}
