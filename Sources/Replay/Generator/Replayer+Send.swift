internal import MQTT
internal import Measure

/// Packets on their way out: with an identifier of ours, and with their topic where the alias for it is not known to
/// this broker.
extension Replayer {
    /// - Parameter offset: where the packet identifier is; 0 if there is none.
    func send(
        _ type: PacketType, _ qos: QoS, _ offset: Int, _ packet: RawSpan, of index: Int,
        on connection: Int, due: MonotonicTime, at now: MonotonicTime
    ) {
        guard type != .publish else {
            return publish(qos, offset, packet, of: index, on: connection, due: due, at: now)
        }
        load(packet)
        if offset > 0 {
            let id = clients[index].inFlight.add(.request, intended: due, sent: now)
            write(id, at: offset)
            if options.reconnectAfter != nil { clients[index].requests.append(copies.keep(packet)) }
        }
        if type == .disconnect { clients[index].isLeaving = true }
        transmit(of: index, on: connection, intended: due, at: now)
    }

    private func publish(
        _ qos: QoS, _ offset: Int, _ packet: RawSpan, of index: Int, on connection: Int,
        due: MonotonicTime, at now: MonotonicTime
    ) {
        let isMeasured = schedule.isMeasured(due)
        let kind = qos == .atLeastOnce ? InFlight.Kind.qos1 : .qos2
        let recordedID = offset > 0 ? packet.two(at: offset) : 0
        var again: PacketID?
        if offset > 0, packet.byte(at: 0) & Self.dup != 0 {
            again = clients[index].inFlight.recorded(recordedID, kind)
            if let id = again, clients[index].inFlight[id]?.wasResent == true {
                // The client has just done this by itself.
                clients[index].inFlight.mark(id, resent: false)
                recorder.resent -= 1
                if isMeasured { recorder.sent.add(qos) }
                return
            }
        }
        guard let prepared = prepare(packet, offset, of: index) else {
            recorder.unknownAliases += 1
            if isMeasured { recorder.unsent += 1 }
            return
        }
        if isMeasured { recorder.sent.add(qos) }
        if offset > 0 {
            let id =
                again
                ?? clients[index].inFlight.add(
                    kind, intended: due, sent: now, recordedID: recordedID)
            write(id, at: prepared.offset)
            if again == nil {
                // [MQTT-3.3.1-1]: what its client repeated in the recording is new to this broker.
                outgoing[0] &= ~Self.dup
                unanswered += 1
                if clients[index].persists { keep(id, prepared, of: index) }
            }
        }
        transmit(of: index, on: connection, intended: due, at: now)
    }

    /// For when the session is taken up, on a connection that knows no aliases.
    private func keep(_ id: PacketID, _ prepared: Prepared, of index: Int) {
        // Spans are of a value of our own, not of a property that others may change.
        let packet = outgoing
        guard prepared.alias != 0, let topic = clients[index].aliases.topic(of: prepared.alias),
            let header = try? PublishHeader.read(
                packet.span.bytes, version: clients[index].version)
        else {
            return clients[index].inFlight.keep(copies.keep(packet.span.bytes), for: id)
        }
        var whole: [UInt8] = []
        spellOut(packet.span.bytes, header, topic, alias: 0, id, to: &whole)
        clients[index].inFlight.keep(copies.keep(whole.span.bytes), for: id)
    }

    private struct Prepared {
        /// Where the identifier is; 0 at QoS 0.
        var offset: Int
        /// The alias that goes out; 0 if none does.
        var alias: UInt16 = 0
    }

    /// Loads a PUBLISH in the form in which this broker understands it.
    /// - Returns: nil if nobody knows what its alias stands for.
    private func prepare(_ packet: RawSpan, _ offset: Int, of index: Int) -> Prepared? {
        load(packet)
        guard clients[index].version == .v5,
            let header = try? PublishHeader.read(packet, version: .v5), header.topicAlias != 0
        else { return Prepared(offset: offset) }
        let alias = header.topicAlias
        switch clients[index].aliases.form(alias, packet.extracting(header.topic)) {
        case .asRecorded: return Prepared(offset: offset, alias: alias)
        case .unknown: return nil
        case .spelledOut(let keepsAlias):
            guard let topic = clients[index].aliases.topic(of: alias) else { return nil }
            outgoing.removeAll(keepingCapacity: true)
            let told = keepsAlias ? alias : 0
            spellOut(packet, header, topic, alias: told, PacketID(header.packetID), to: &outgoing)
            return Prepared(
                offset: offset > 0 ? outgoing.headerLength + 2 + topic.count : 0, alias: told)
        }
    }

    private func spellOut(
        _ packet: RawSpan, _ header: PublishHeader, _ topic: [UInt8], alias: UInt16,
        _ id: PacketID?, to bytes: inout [UInt8]
    ) {
        let properties = propertiesWithoutAlias(packet, header.properties)
        writePublish(
            topic: topic.span.bytes, payload: packet.extracting(header.payload), qos: header.qos,
            retain: header.retain, dup: header.dup, packetID: id,
            properties: properties.span.bytes, alias: alias, version: .v5, to: &bytes)
    }

    private func propertiesWithoutAlias(_ packet: RawSpan, _ range: Range<Int>) -> [UInt8] {
        let bytes = packet.extracting(first: range.upperBound)
        var kept: [UInt8] = []
        var (start, offset) = (range.lowerBound, range.lowerBound)
        while let property = try? PropertyWalk.next(bytes, at: &offset) {
            if property.id != .topicAlias {
                bytes.extracting(start..<offset).withUnsafeBytes { kept.append(contentsOf: $0) }
            }
            start = offset
        }
        return kept
    }

    /// Sends again what a session was promised an answer to, in its order [MQTT-4.4.0-1, MQTT-4.6.0-1].
    func resend(_ index: Int, on connection: Int, at now: MonotonicTime) {
        var place = clients[index].inFlight.next(after: nil)
        while let id = place {
            place = clients[index].inFlight.next(after: id)
            guard let entry = clients[index].inFlight[id] else { continue }
            if entry.kind == .release {
                reply(Answer(type: .pubrel, id: id), of: index, on: connection, at: now)
            } else if let copy = entry.copy {
                outgoing.removeAll(keepingCapacity: true)
                copies.copy(copy, to: &outgoing)
                outgoing[0] |= Self.dup
                clients[index].inFlight.mark(id, resent: true)
                recorder.resent += 1
                transmit(of: index, on: connection, intended: entry.intended, at: now)
            }
        }
    }

    /// Asks again for what it was subscribed to.
    func repeatRequests(of index: Int, on connection: Int, at now: MonotonicTime) {
        clients[index].owesRequests = false
        for request in clients[index].requests where clients[index].inFlight.hasFreeID {
            outgoing.removeAll(keepingCapacity: true)
            copies.copy(request, to: &outgoing)
            // The identifier is right behind the fixed header.
            write(
                clients[index].inFlight.add(.request, intended: now, sent: now),
                at: outgoing.headerLength)
            transmit(of: index, on: connection, intended: now, at: now)
        }
    }

    func reply(_ answer: Answer, of index: Int, on connection: Int, at now: MonotonicTime) {
        outgoing.removeAll(keepingCapacity: true)
        writeAcknowledgement(answer.type, answer.id, to: &outgoing)
        transmit(of: index, on: connection, intended: now, at: now)
    }

    func load(_ packet: RawSpan) {
        outgoing.removeAll(keepingCapacity: true)
        packet.withUnsafeBytes { outgoing.append(contentsOf: $0) }
    }

    func load(_ packet: [UInt8]) {
        outgoing.removeAll(keepingCapacity: true)
        outgoing.append(contentsOf: packet)
    }

    func transmit(of index: Int, on connection: Int, intended: MonotonicTime, at now: MonotonicTime)
    {
        clients[index].lastSent = now
        outgoing.withUnsafeBytes { transport.send($0.bytes, on: connection, intended: intended) }
    }

    private func write(_ id: PacketID, at offset: Int) {
        outgoing[offset] = UInt8(id.rawValue >> 8)
        outgoing[offset + 1] = UInt8(id.rawValue & 0xFF)
    }

    private static let dup: UInt8 = 0b1000
}

extension RawSpan {
    fileprivate func byte(at offset: Int) -> UInt8 {
        unsafeLoad(fromByteOffset: offset, as: UInt8.self)
    }

    fileprivate func two(at offset: Int) -> UInt16 {
        UInt16(byte(at: offset)) << 8 | UInt16(byte(at: offset + 1))
    }
}
