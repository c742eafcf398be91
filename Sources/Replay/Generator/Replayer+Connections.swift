internal import MQTT
internal import Measure
internal import Traffic

/// Connections: made, introduced, ended by either side, and made again.
extension Replayer {
    func open(_ index: Int, at now: MonotonicTime) {
        guard let address = clients[index].address else { return }
        if let present = clients[index].link.connection {
            // It comes back although it is still there: the newer connection takes its session over.
            if let former = clients[index].former { drop(former, at: now) }
            clients[index].former = present
            clients[index].forgetRequests()
        }
        let connection = transport.open(from: address, at: now)
        owners[connection] = index
        clients[index].begin(connection)
    }

    /// Sends the CONNECT of a connection that was just made.
    func introduce(_ index: Int, _ packet: RawSpan, due: MonotonicTime, at now: MonotonicTime) {
        guard case .made(let connection) = clients[index].link,
            case .connect(let connect)? = try? Packet.read(packet, version: clients[index].version)
        else { return }
        if connect.cleanStart { abandonSession(of: index) }
        clients[index].introduce(connect, at: now, intended: due)
        clients[index].delays = timeline.answerDelays(of: index)
        if options.reconnectAfter != nil, clients[index].connect == nil {
            clients[index].connect = copies.keep(packet)
        }
        plan(
            .greeting(connection: connection), of: index, at: now + options.patience)
        load(packet)
        transmit(of: index, on: connection, intended: due, at: now)
    }

    /// The client ends its connection.
    func close(_ index: Int, _ ending: Ending, at now: MonotonicTime) {
        if let connection = clients[index].link.connection {
            if ending == .endOfCapture, case .up = clients[index].link {
                load(Self.goodbye)
                transmit(of: index, on: connection, intended: now, at: now)
            }
            drop(connection, at: now)
        }
        if let former = clients[index].former { drop(former, at: now) }
        clients[index].former = nil
        settleSession(of: index)
        clients[index].link = .down
    }

    /// The broker has ended its connection, or has become of no use.
    func lose(_ index: Int, at now: MonotonicTime) {
        let client = clients[index]
        ready.append(index)
        clients[index].forgetRequests()
        guard !client.isLeaving, let delay = options.reconnectAfter, client.connect != nil else {
            if !client.isLeaving { recorder.dropped += 1 }
            settleSession(of: index)
            clients[index].link = .down
            return
        }
        recorder.dropped += 1
        clients[index].link = .lost
        let factor = Int64(1) << min(client.attempts, Self.doublings)
        clients[index].attempts += 1
        plan(.reconnect, of: index, at: now + Nanoseconds(delay.count * factor))
    }

    /// Comes back by itself, as client libraries do: with its last CONNECT, and in version 5 without asking for a clean
    /// start where the session was to last.
    func comeBack(_ index: Int, at now: MonotonicTime) {
        guard case .lost = clients[index].link, let connect = clients[index].connect else { return }
        recorder.returns += 1
        open(index, at: now)
        clients[index].isReturning = true
        waited.removeAll(keepingCapacity: true)
        copies.copy(connect, to: &waited)
        if clients[index].version == .v5, clients[index].persists { clearCleanStart(&waited) }
        let packet = waited
        introduce(index, packet.span.bytes, due: now, at: now)
    }

    /// Closes the connection of whoever.
    func drop(_ connection: Int, at now: MonotonicTime) {
        transport.close(connection, at: now)
        owners[connection] = nil
    }

    /// What lasts only as long as its connection ends with it.
    private func settleSession(of index: Int) {
        clients[index].forgetRequests()
        if !clients[index].persists { abandonSession(of: index) }
    }

    func abandonSession(of index: Int) {
        let abandoned = clients[index].forget(&copies)
        recorder.abandoned += abandoned
        unanswered -= abandoned
    }

    /// What was kept to come back with belongs to an earlier connection.
    func releaseKept(of index: Int) {
        if let connect = clients[index].connect { copies.release(connect) }
        for request in clients[index].requests { copies.release(request) }
        clients[index].connect = nil
        clients[index].requests.removeAll(keepingCapacity: true)
        clients[index].owesRequests = false
    }

    /// Clean Start is bit 1 of the flags behind protocol name and level [3.1.2.4].
    private func clearCleanStart(_ connect: inout [UInt8]) {
        let start = connect.headerLength
        let nameLength =
            Int(connect[start]) << 8 | Int(connect[start + 1])
        connect[start + 2 + nameLength + 1] &= ~0b10
    }

    /// DISCONNECT, normal, in every version: no will is published.
    private static let goodbye: [UInt8] = [0xE0, 0x00]
    /// Of the time before a client tries again.
    private static let doublings = 3
}
