internal import MQTT
package import Measure
internal import Traffic

/// Takes up the sessions that are away when a replay is over, and takes what waits for them, so that the ledger can
/// tell what was kept from what was lost.
///
/// It answers whatever arrives on any connection, at once; nobody else may receive from the transport meanwhile.
package struct Collector {
    private let transport: WitnessedTransport
    private var scratch: [UInt8] = []
    /// When something last arrived.
    private var heard = MonotonicTime(nanoseconds: 0)
    /// Sessions that it took up.
    package private(set) var resumed = 0
    /// Deliveries that came to them.
    package private(set) var taken = 0

    /// Sessions that are taken up at a time: a broker that has just been started may be slow to accept.
    private static let batch = 100

    package init(_ transport: WitnessedTransport) { self.transport = transport }

    /// - Parameters:
    ///   - quiet: nothing has come for so long: there is no more.
    ///   - deadline: then it ends in any case.
    /// - Returns: false if it ended at the deadline.
    @discardableResult
    package mutating func run(quiet: Nanoseconds, until deadline: MonotonicTime) -> Bool {
        var connections: [Int] = []
        let sessions = transport.sessionsAway
        for start in stride(from: 0, to: sessions.count, by: Self.batch) {
            for connect in sessions[start..<min(start + Self.batch, sessions.count)] {
                connections.append(resume(connect))
            }
            transport.wait(until: .now() + .milliseconds(1))
            receive()
        }
        resumed = sessions.count
        heard = .now()
        var isOver = false
        while !isOver, MonotonicTime.now() < deadline {
            transport.wait(until: min(deadline, heard + quiet))
            receive()
            isOver = .now() - heard >= quiet
        }
        // Before they leave: what has not come to who is there is missing.
        if isOver { transport.settled(at: .now()) }
        for connection in connections { leave(connection) }
        receive()
        return isOver
    }

    private func resume(_ connect: Connect) -> Int {
        let connection = transport.open(
            from: Endpoint(address: [127, 0, 0, 1], port: 0), at: .now())
        var bytes: [UInt8] = []
        Packet.connect(connect).write(to: &bytes, version: connect.version)
        transport.send(bytes.span.bytes, on: connection, intended: .now())
        return connection
    }

    private func leave(_ connection: Int) {
        let goodbye = Self.goodbye
        transport.send(goodbye.span.bytes, on: connection, intended: .now())
        transport.close(connection, at: .now())
    }

    /// Takes what has arrived and acknowledges it.
    private mutating func receive() {
        transport.receive(at: .now()) { connection, packet, arrived in
            guard let answer = Self.answer(to: packet) else { return }
            heard = max(heard, arrived)
            taken += packet.isPublish ? 1 : 0
            guard let id = answer.id else { return }
            scratch.removeAll(keepingCapacity: true)
            writeAcknowledgement(answer.type, id, to: &scratch)
            transport.send(scratch.span.bytes, on: connection, intended: arrived)
        }
    }

    /// - Returns: nil for what wants no answer and is no delivery.
    private static func answer(to packet: RawSpan) -> (type: PacketType, id: PacketID?)? {
        guard packet.byteCount > 0, let header = try? FixedHeader.read(packet, at: 0) else {
            return nil
        }
        switch header.type {
        case .publish:
            guard let qos = QoS(rawValue: header.flags >> 1 & 0b11) else { return nil }
            let length = packet.two(at: header.headerLength)
            let id = qos == .atMostOnce ? 0 : packet.two(at: header.headerLength + 2 + length)
            return (qos == .exactlyOnce ? .pubrec : .puback, PacketID(UInt16(id)))
        case .pubrec: return (.pubrel, PacketID(UInt16(packet.two(at: header.headerLength))))
        case .pubrel: return (.pubcomp, PacketID(UInt16(packet.two(at: header.headerLength))))
        default: return nil
        }
    }

    /// DISCONNECT, normal, in every version.
    private static let goodbye: [UInt8] = [0xE0, 0x00]
}

extension RawSpan {
    fileprivate var isPublish: Bool {
        unsafeLoad(as: UInt8.self) >> 4 == PacketType.publish.rawValue
    }

    /// Two bytes of a packet, 0 beyond its end.
    fileprivate func two(at offset: Int) -> Int {
        guard offset + 2 <= byteCount else { return 0 }
        return Int(unsafeLoadUnaligned(fromByteOffset: offset, as: UInt16.self).bigEndian)
    }
}
