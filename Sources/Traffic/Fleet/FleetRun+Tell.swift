internal import MQTT
internal import Measure

/// A PUBACK, PUBREC, PUBREL or PUBCOMP that is to be sent.
struct Answer {
    let type: PacketType
    let packetID: UInt16

    init(_ type: PacketType, _ packetID: UInt16) { (self.type, self.packetID) = (type, packetID) }

    init(_ detail: Int32) {
        guard let type = PacketType(rawValue: UInt8(detail >> 16)) else {
            preconditionFailure("an answer has a type")
        }
        self.init(type, UInt16(truncatingIfNeeded: detail))
    }

    var detail: Int32 { Int32(type.rawValue) << 16 | Int32(packetID) }
}

/// Packets and their times.
extension FleetRun {
    /// Tells the observer of a packet and counts it.
    mutating func tell(_ client: Int, _ direction: Direction, _ packet: Packet) {
        var bytes = take()
        packet.write(to: &bytes, version: clients[client].version)
        _ = tell(client, direction, bytes)
        give(bytes)
    }

    mutating func tell(_ client: Int, _ direction: Direction, _ answer: Answer) {
        guard let id = PacketID(answer.packetID) else {
            preconditionFailure("an answer has an identifier")
        }
        var bytes = take()
        writeAcknowledgement(answer.type, id, to: &bytes)
        _ = tell(client, direction, bytes)
        give(bytes)
    }

    @discardableResult
    mutating func tell(
        _ client: Int, _ direction: Direction, _ bytes: [UInt8]
    ) -> DecodedPacket.Content {
        let version = clients[client].version
        let content: DecodedPacket.Content
        do throws(CodecError) {
            content = try DecodedPacket.Content(bytes.span.bytes, version: version)
        } catch { preconditionFailure("what a fleet sends is well-formed: \(error)") }
        guard let type = PacketType(rawValue: bytes[0] >> 4) else {
            preconditionFailure("a packet has a type")
        }
        let packet = DecodedPacket(
            connection: Int(clients[client].connection), direction: direction, time: now,
            type: type, version: version, content: content)
        tally.count(packet, bytes: bytes.count)
        if direction == .toBroker { clients[client].lastSent = now }
        observer.received(packet, bytes.span.bytes)
        return content
    }

    /// The buffer for packets, empty; whoever takes it gives it back.
    mutating func take() -> [UInt8] {
        var bytes: [UInt8] = []
        swap(&bytes, &packet)
        bytes.removeAll(keepingCapacity: true)
        return bytes
    }

    mutating func give(_ bytes: consuming [UInt8]) { packet = bytes }

    /// There and back, drawn anew for each packet.
    mutating func roundTrip(_ client: Int) -> Int64 {
        fleet.groups[clients[client].group].link.roundTrip.time(&clients[client].random)
    }

    /// When the broker answers what it gets now: in the order in which it got it.
    mutating func answerTime(_ client: Int) -> Int64 {
        let time = max(
            now + broker.terms.delays.answer.time(&random) + stall(), clients[client].brokerClock)
        clients[client].brokerClock = time
        return time
    }

    /// When the client's answer to what is sent now arrives.
    mutating func clientAnswerTime(_ client: Int) -> Int64 {
        let time = max(now + roundTrip(client), clients[client].clientClock)
        clients[client].clientClock = time
        return time
    }

    /// How late answers are now because the broker stalls.
    private func stall() -> Int64 {
        for stall in broker.terms.stalls {
            let elapsed = now - fleet.start - stall.at
            guard 0..<stall.lasting ~= elapsed else { continue }
            return Int64(Double(stall.delay) * Double(elapsed) / Double(stall.lasting))
        }
        return 0
    }
}
