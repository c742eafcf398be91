package import MQTT
internal import Measure

/// Writes what it is told of as a capture: pcapng with Ethernet, IP and TCP as two hosts would have sent them, and
/// times in nanoseconds.
///
/// A connection begins with the three segments of its handshake, everything is acknowledged (with the next data of
/// the other side, or by a segment of its own after two segments or 40 ms, as Linux does), and it ends with FIN or
/// RST. Nothing is lost, doubled or out of order. Writing never throws: the first error is kept, and `finish` throws it.
package struct PcapngWriter: TrafficObserver {
    private let file: OutputFile
    private let broker: BrokerEnd
    private var connections: [Int: TCPConversation] = [:]
    /// Ends that are in use, so that two connections never have both ends in common.
    private var taken: Set<Endpoint> = []
    private var late = AcknowledgementQueue()
    private var blocks: [UInt8] = []
    private var written = 0
    private var lastTime = Int64.min
    /// Why nothing is written any more.
    package private(set) var failure: WriteError?

    /// Blocks are written together; so many bytes wait.
    private static let blockSize = 1 << 18

    /// - Parameters:
    ///   - brokerAddress: of IPv4; clients of IPv6 talk to fd00::1.
    ///   - brokerPort: decoders take TCP for MQTT by it.
    ///   - application: what stands in the file as the program that wrote it.
    package init(
        _ file: OutputFile, brokerAddress: [UInt8] = [10, 0, 0, 1], brokerPort: UInt16 = 1_883,
        application: String = "dstune"
    ) {
        precondition(brokerAddress.count == 4)
        self.file = file
        broker = BrokerEnd(ipv4: brokerAddress, port: brokerPort)
        blocks.reserveCapacity(Self.blockSize + (1 << 16))
        PcapngBlocks.appendHeader(application: application, to: &blocks)
    }

    /// Of the file so far.
    package var bytesWritten: Int { written + blocks.count }

    package var wantsMore: Bool { failure == nil }

    package mutating func opened(_ connection: Int, client: Endpoint, at time: Int64) {
        guard failure == nil else { return }
        let end = freeEnd(client, connection)
        taken.insert(end)
        var conversation = TCPConversation(client: end, broker: broker, number: connection)
        acknowledge(until: time)
        append(conversation.open(), &conversation, time)
        connections[connection] = conversation
    }

    package mutating func received(_ packet: DecodedPacket, _ bytes: RawSpan) {
        guard failure == nil, var conversation = connections.removeValue(forKey: packet.connection)
        else { return }
        acknowledge(until: packet.time)
        let side = packet.direction == .toBroker ? 0 : 1
        conversation.brokerSaidFarewell = side == 1 && packet.type == .disconnect
        var start = 0
        while start < bytes.byteCount {
            // Two segments that are not acknowledged are enough.
            if let acknowledgement = conversation.acknowledgement(of: side, ifSegments: 2) {
                append([acknowledgement], &conversation, packet.time)
            }
            let end = min(start + TCPConversation.maximumSegment, bytes.byteCount)
            append(
                conversation.data(from: side, count: end - start, isLast: end == bytes.byteCount),
                &conversation, packet.time, bytes.extracting(start..<end))
            start = end
        }
        if conversation.isAcknowledgementDue(of: side) {
            late.append(packet.connection, side, after: packet.time)
        }
        connections[packet.connection] = conversation
    }

    package mutating func closed(
        _ connection: Int, version: ProtocolVersion, _ ending: Ending, at time: Int64
    ) {
        guard failure == nil, var conversation = connections.removeValue(forKey: connection) else {
            return
        }
        acknowledge(until: time)
        append(conversation.close(ending), &conversation, time)
        taken.remove(conversation.client)
    }

    /// Writes what waits and gives the file its name.
    package mutating func finish() throws(WriteError) {
        acknowledge(until: .max)
        flush()
        if let failure { throw failure }
        try file.finish()
    }

    /// Acknowledgements that are due before the next thing happens, at the time at which they are.
    private mutating func acknowledge(until time: Int64) {
        while let due = late.next(until: time) {
            guard var conversation = connections.removeValue(forKey: due.connection) else {
                continue
            }
            conversation.isQueued[due.side] = false
            if let segment = conversation.acknowledgement(of: due.side, ifSegments: 1) {
                append([segment], &conversation, due.time)
            }
            connections[due.connection] = conversation
        }
    }

    private mutating func append(
        _ segments: [TCPSegment], _ conversation: inout TCPConversation, _ time: Int64
    ) {
        for segment in segments { append(segment, &conversation, time, RawSpan()) }
    }

    private mutating func append(
        _ segment: TCPSegment, _ conversation: inout TCPConversation, _ time: Int64,
        _ payload: RawSpan
    ) {
        // Times before the epoch cannot be written.
        let place = PcapngBlocks.beginPacket(at: max(0, time), to: &blocks)
        FrameBuilder.append(
            segment, conversation.ends, &conversation.identification, payload, &blocks)
        PcapngBlocks.endPacket(from: place, &blocks)
        if blocks.count >= Self.blockSize { flush() }
    }

    private mutating func flush() {
        guard failure == nil else { return }
        do throws(WriteError) { try file.write(blocks.span.bytes) } catch { failure = error }
        written += blocks.count
        blocks.removeAll(keepingCapacity: true)
    }

    /// The end as it was seen, unless it was none, or another connection has it.
    private func freeEnd(_ client: Endpoint, _ connection: Int) -> Endpoint {
        var end = client
        if client.port == 0 || client.address.allSatisfy({ $0 == 0 }) {
            // Of the network that is kept for this, RFC 2544.
            let host = UInt32(truncatingIfNeeded: connection) & 0x1_FFFF
            end = Endpoint(ipv4: 0xC612_0000 | host, port: 49_152)
        }
        while taken.contains(end) { end = end.with(port: end.port == .max ? 1_024 : end.port + 1) }
        return end
    }
}
