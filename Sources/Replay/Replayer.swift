internal import MQTT
package import Measure
package import Traffic

/// Sends a trace on time over a transport, open loop: what is due is sent whether or not earlier messages
/// were answered, and every latency counts from when the plan said to send.
///
/// Confined to one thread. In the steady state nothing is allocated per message.
package final class Replayer {
    /// Why a replay ended.
    package enum End: Sendable, Equatable {
        case windowOver
        /// The caller's guard said stop, with this reason.
        case stopped(String)
    }

    private let trace: Trace
    /// The trace's packets; packet identifiers are written into this copy before each sending.
    private var packets: [UInt8]
    private let transport: any Transport
    private let schedule: Schedule
    private var clients: [VirtualClient]
    /// Which client a transport's connection belongs to.
    private var owners: [Int: Int] = [:]
    private var scratch: [UInt8] = []
    package private(set) var recorder = Recorder()

    /// - Precondition: the trace has at least one event.
    package init(_ trace: Trace, over transport: any Transport, on schedule: Schedule) {
        precondition(!trace.events.isEmpty)
        self.trace = trace
        packets = trace.packets
        self.transport = transport
        self.schedule = schedule
        clients = Array(repeating: VirtualClient(), count: trace.connections.count)
    }

    /// Replays until the measured window is over.
    /// - Parameter guarded: asked between events, at most every `guardInterval`; a reason ends the replay.
    package func run(stopIf guarded: () -> String?) -> End {
        var pass = 0, next = 0
        var guardDue = schedule.start
        while true {
            let event = trace.events[next]
            let due = schedule.due(event.offset, pass: pass)
            guard due < schedule.windowEnd else {
                wait(until: schedule.windowEnd)
                return .windowOver
            }
            wait(until: due)
            let now = MonotonicTime.now()
            if schedule.isMeasured(due) { recorder.lag.record(now - due) }
            perform(event, due: due, at: now)
            answer(at: now)
            if now >= guardDue {
                if let reason = guarded() { return .stopped(reason) }
                guardDue = now + Self.guardInterval
                // Counters are first read as the window opens.
                if now < schedule.windowStart { guardDue = min(guardDue, schedule.windowStart) }
            }
            next += 1
            if next == trace.events.count {
                next = 0
                pass += 1
                recorder.passes = pass
                hangUp(at: now)
            }
        }
    }

    /// One pass, without waiting for any time.
    func runOnce() {
        for event in trace.events {
            let now = MonotonicTime.now()
            perform(event, due: now, at: now)
            answer(at: now)
        }
    }

    private static let guardInterval = Nanoseconds.milliseconds(100)

    /// After the replay: answers what still arrives, until `done` or `deadline`.
    package func settle(until deadline: MonotonicTime, done: () -> Bool) {
        while !done(), MonotonicTime.now() < deadline {
            transport.wait(until: min(deadline, .now() + .milliseconds(20)))
            answer(at: .now())
        }
    }

    private func wait(until due: MonotonicTime) {
        var now = MonotonicTime.now()
        while now < due {
            transport.wait(until: due)
            now = .now()
            answer(at: now)
        }
    }

    private func perform(_ event: Trace.Event, due: MonotonicTime, at now: MonotonicTime) {
        let index = event.connection
        switch event.kind {
        case .opened:
            if let old = clients[index].connection { close(old, index, at: now) }
            clients[index].forget()
            let connection = transport.open(from: trace.connections[index].peer, at: now)
            clients[index].connection = connection
            owners[connection] = index
        case .packet(let packet):
            guard let connection = clients[index].connection else {
                if schedule.isMeasured(due) { recorder.unsent += 1 }
                return
            }
            send(packet, on: connection, of: index, due: due)
        case .closed:
            if let connection = clients[index].connection { close(connection, index, at: now) }
        }
    }

    private func send(_ packet: Trace.Packet, on connection: Int, of index: Int, due: MonotonicTime)
    {
        // The answers to what the recorded broker sent answer nothing here: this client gives its own.
        guard !packet.type.answersTheBroker else { return }
        if packet.packetIDOffset > 0 {
            let id = clients[index].nextID(intended: due)
            packets[packet.bytes.lowerBound + packet.packetIDOffset] = UInt8(id.rawValue >> 8)
            packets[packet.bytes.lowerBound + packet.packetIDOffset + 1] = UInt8(id.rawValue & 0xFF)
        }
        if packet.type == .publish, schedule.isMeasured(due) { recorder.sent.add(packet.qos) }
        packets.withUnsafeBytes {
            transport.send($0.bytes.extracting(packet.bytes), on: connection, intended: due)
        }
    }

    /// Answers everything that has arrived.
    private func answer(at now: MonotonicTime) {
        transport.receive(at: now) { connection, packet, arrived in
            guard let index = owners[connection] else { return }
            guard packet.byteCount > 0 else {
                owners[connection] = nil
                clients[index].connection = nil
                recorder.dropped += 1
                return
            }
            react(
                to: clients[index].received(packet, version: trace.connections[index].version),
                on: connection, at: arrived)
        }
    }

    private func react(
        to reaction: VirtualClient.Reaction, on connection: Int, at arrived: MonotonicTime
    ) {
        switch reaction {
        case .nothing, .connected: break
        case .acknowledged(let intended, let answer):
            if schedule.isMeasured(intended) {
                recorder.acknowledged += 1
                if answer == nil {
                    recorder.puback.record(arrived - intended)
                } else {
                    recorder.pubrec.record(arrived - intended)
                }
            }
            if let answer { reply(answer, on: connection) }
        case .deliver(let qos, let answer):
            if schedule.isMeasured(arrived) { recorder.delivered.add(qos) }
            if let answer { reply(answer, on: connection) }
        case .reply(let answer): reply(answer, on: connection)
        case .refused: recorder.refused += 1
        }
    }

    private func reply(_ answer: VirtualClient.Answer, on connection: Int) {
        scratch.removeAll(keepingCapacity: true)
        writeAcknowledgement(answer.type, answer.id, to: &scratch)
        scratch.withUnsafeBytes { transport.send($0.bytes, on: connection, intended: .now()) }
    }

    /// Between two passes every client that is still connected says goodbye, so that its next CONNECT is
    /// a return and not a takeover, which would publish a will that was never sent.
    private func hangUp(at now: MonotonicTime) {
        for index in clients.indices {
            guard let connection = clients[index].connection else { continue }
            scratch.removeAll(keepingCapacity: true)
            scratch.append(contentsOf: [0xE0, 0x00])  // DISCONNECT, normal, in every version
            scratch.withUnsafeBytes { transport.send($0.bytes, on: connection, intended: now) }
            close(connection, index, at: now)
        }
    }

    private func close(_ connection: Int, _ index: Int, at now: MonotonicTime) {
        transport.close(connection, at: now)
        owners[connection] = nil
        clients[index].connection = nil
        clients[index].forget()
    }
}
