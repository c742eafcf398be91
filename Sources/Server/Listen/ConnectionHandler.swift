internal import Layout
internal import MQTT
internal import NIOCore
internal import NIOSSL

/// One connection: cuts its byte stream into packets and gathers what is to be sent. Confined to the
/// event loop of its channel, which is the broker's.
///
/// Whatever its client does, it keeps at most one packet and what was read in one turn of the loop on its
/// way in, and `mostPending` on its way out.
final class ConnectionHandler: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    private enum Phase {
        case awaitingConnect, checking, open, ended
    }

    /// Why nothing is read from a connection.
    struct Pauses: OptionSet {
        let rawValue: UInt8

        /// Its client is being checked at the door.
        static let checking = Pauses(rawValue: 1)
        /// Its client does not read what it is sent.
        static let output = Pauses(rawValue: 2)
        /// It publishes, and storage is behind or has no room. What is no PUBLISH is taken all the same, so that a
        /// client which waits is not thought dead, and does not think so of the broker.
        static let storage = Pauses(rawValue: 4)
        /// It has had its share of this turn of the loop.
        static let share = Pauses(rawValue: 8)
        /// The broker is shutting down.
        static let stopping = Pauses(rawValue: 16)
    }

    private let host: BrokerHost
    private let door: Door
    private let packetLimit: Int
    /// A socket without TLS and WebSocket, half of which can be closed.
    private let isPlain: Bool
    private var phase = Phase.awaitingConnect
    private var pauses: Pauses = []
    private var isCutting = false
    private var isReading = true
    private(set) var number: Int?
    private var context: ChannelHandlerContext?
    private var received = ByteBuffer()
    private var sending = ByteBuffer()

    init(_ host: BrokerHost, _ door: Door, packetLimit: Int, isPlain: Bool) {
        self.host = host
        self.door = door
        self.packetLimit = packetLimit
        self.isPlain = isPlain
    }

    func handlerAdded(context: ChannelHandlerContext) { self.context = context }

    func handlerRemoved(context: ChannelHandlerContext) { self.context = nil }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        guard phase != .ended else { return }
        var new = unwrapInboundIn(data)
        if number == nil {
            number = host.opened(self, from: door.peer ?? PeerAddress(context.remoteAddress))
            if host.isStopping { pauses.insert(.stopping) }
        }
        if received.readableBytes == 0 {
            received = new
        } else {
            received.writeBuffer(&new)
        }
        cut()
        host.taken()
    }

    func channelInactive(context: ChannelHandlerContext) {
        phase = .ended
        if let number { host.closed(number) }
        number = nil
        received = ByteBuffer()
        context.fireChannelInactive()
    }

    func channelWritabilityChanged(context: ChannelHandlerContext) {
        guard let number else { return }
        if context.channel.isWritable {
            host.resume(number)
            resume(.output)
        } else {
            host.pause(number)
            pause(.output)
        }
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        // Who has nothing more to say has ended, as a client of MQTT.
        if case .inputClosed? = event as? ChannelEvent { context.close(promise: nil) }
        context.fireUserInboundEventTriggered(event)
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        context.close(promise: nil)
    }

    /// Hands over whole packets, until there are no more or the connection is to wait.
    private func cut() {
        guard !isCutting, let number else { return }
        isCutting = true
        var isBroken = false
        var count = 0
        let used = received.withUnsafeReadableBytes { bytes in
            var offset = 0
            let span = bytes.bytes
            while phase != .ended, mayTake(offset < bytes.count ? bytes[offset] : nil) {
                do throws(CodecError) {
                    let header = try FixedHeader.read(span, at: offset, limit: packetLimit)
                    guard offset + header.packetLength <= span.byteCount else { break }
                    guard count < Self.share else {
                        pause(.share)
                        host.later(self)
                        break
                    }
                    count += 1
                    let packet = span.extracting(offset..<offset + header.packetLength)
                    offset += header.packetLength
                    take(packet, header.type, number)
                } catch {
                    if case .incomplete = error { break }
                    // The session layer reads the same header and says what is wrong with it.
                    host.receive(span.extracting(offset...), on: number)
                    isBroken = true
                    break
                }
            }
            return offset
        }
        isCutting = false
        // Without a reference to it, the channel can read into the same memory again.
        if isBroken || phase == .ended || used == received.readableBytes {
            received = ByteBuffer()
        } else {
            received.moveReaderIndex(forwardBy: used)
        }
        adjustReading()
    }

    /// - Parameter first: the first byte of the next packet; nil if nothing of it has come.
    private func mayTake(_ first: UInt8?) -> Bool {
        pauses.isEmpty
            || pauses == .storage && first.map { $0 >> 4 != PacketType.publish.rawValue } ?? true
    }

    private func take(_ packet: RawSpan, _ type: PacketType, _ number: Int) {
        if phase == .awaitingConnect {
            guard type == .connect else { return host.receive(packet, on: number) }
            phase = .checking
            pause(.checking)
            return host.admit(packet, self, number, certificateName: certificateName)
        }
        host.receive(packet, on: number)
        if type == .publish, host.mustWait(afterPublishing: packet.byteCount) {
            pause(.storage)
            host.holdBack(self)
        }
    }

    /// The check at the door is over, and the session layer has seen the CONNECT.
    func admitted(_ isConnected: Bool) {
        guard phase == .checking else { return }
        phase = .open
        if isConnected { door.accepted() }
        resume(.checking)
    }

    private var certificateName: String? {
        guard let context,
            let certificate = try? context.pipeline.syncOperations.nioSSL_peerCertificate(),
            let bytes = try? certificate.toDERBytes()
        else { return nil }
        return CertificateName.common(in: bytes)
    }

    func pause(_ reason: Pauses) {
        pauses.insert(reason)
        // While packets are cut, what has come is not yet known to be taken.
        if !isCutting { adjustReading() }
    }

    func resume(_ reason: Pauses) {
        guard pauses.contains(reason) else { return }
        pauses.remove(reason)
        cut()
    }

    private func adjustReading() {
        let next = received.getInteger(at: received.readerIndex, as: UInt8.self)
        setReading(mayTake(received.readableBytes > 0 ? next : nil))
    }

    private func setReading(_ isReading: Bool) {
        guard isReading != self.isReading else { return }
        self.isReading = isReading
        do {
            try context?.channel.syncOptions?.setOption(.autoRead, value: isReading)
        } catch { context?.close(promise: nil) }
    }

    /// Gathers `packet` until `flush`.
    /// - Returns: whether it is the first one since then.
    func write(_ packet: RawSpan) -> Bool {
        let isFirst = sending.readableBytes == 0
        packet.withUnsafeBytes { _ = sending.writeBytes($0) }
        return isFirst
    }

    func flush() {
        guard let context, sending.readableBytes > 0 else { return }
        context.writeAndFlush(wrapOutboundOut(sending), promise: nil)
        recycle()
        guard !context.channel.isWritable else { return }
        let pending = try? context.channel.syncOptions?.getOption(.bufferedWritableBytes)
        if let pending, pending > max(Self.mostPending, Self.mostPendingPackets * packetLimit) {
            context.close(promise: nil)
        }
    }

    /// The channel has written it, mostly: the same memory is used again.
    private func recycle() {
        if sending.capacity <= Self.keptCapacity {
            sending.clear()
        } else {
            sending = ByteBuffer()
        }
    }

    /// Sends what is gathered, and closes: its own half first, because a socket that is closed with bytes to
    /// read is reset, and what was sent last would be lost with it.
    func end() {
        guard phase != .ended, let context else { return }
        phase = .ended
        number = nil
        received = ByteBuffer()
        pauses = []
        setReading(true)
        let last = context.eventLoop.makePromise(of: Void.self)
        context.writeAndFlush(wrapOutboundOut(sending), promise: last)
        sending = ByteBuffer()
        let channel = context.channel
        let mode: CloseMode = isPlain ? .output : .all
        last.futureResult.whenComplete { _ in channel.close(mode: mode, promise: nil) }
        context.eventLoop.scheduleTask(in: Self.farewell) { channel.close(promise: nil) }
    }

    /// Packets of one connection in one turn of the loop: about a millisecond of work.
    private static let share = 256
    /// Output that waits beyond this is a client that does not read, bytes; and so is that many packets of
    /// the largest size: a whole window of them is no reason to close.
    private static let mostPending = 16 << 20
    private static let mostPendingPackets = 64
    /// A buffer for output that grew larger is not kept, bytes.
    private static let keptCapacity = 64 << 10
    /// How long a client may take to read its last packets.
    private static let farewell = TimeAmount.seconds(1)
}
