internal import Layout
internal import MQTT
internal import NIOCore

/// One connection: cuts its byte stream into packets and gathers what is to be sent. Confined to the
/// event loop of its channel, which is the broker's.
final class ConnectionHandler: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    private let host: BrokerHost
    private let packetLimit: Int
    private var number: Int?
    private var context: ChannelHandlerContext?
    private var received = ByteBuffer()
    private var sending = ByteBuffer()

    init(_ host: BrokerHost, packetLimit: Int) {
        self.host = host
        self.packetLimit = packetLimit
    }

    func channelActive(context: ChannelHandlerContext) {
        self.context = context
        number = host.opened(self, from: PeerAddress(context.remoteAddress))
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        var new = unwrapInboundIn(data)
        if received.readableBytes == 0 {
            received = new
        } else {
            received.writeBuffer(&new)
        }
        cut()
    }

    func channelInactive(context: ChannelHandlerContext) {
        if let number { host.closed(number) }
        number = nil
        self.context = nil
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        context.close(promise: nil)
    }

    /// Hands over every whole packet.
    private func cut() {
        guard let number else { return }
        var isBroken = false
        let used = received.withUnsafeReadableBytes { bytes in
            var offset = 0
            let span = bytes.bytes
            while self.number != nil {
                do throws(CodecError) {
                    let header = try FixedHeader.read(span, at: offset, limit: packetLimit)
                    guard offset + header.packetLength <= span.byteCount else { break }
                    host.receive(
                        span.extracting(offset..<offset + header.packetLength), on: number)
                    offset += header.packetLength
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
        received.moveReaderIndex(forwardBy: used)
        if isBroken { received.clear() }
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
        sending = context.channel.allocator.buffer(capacity: 0)
    }

    /// Sends what is gathered, and closes.
    func end() {
        flush()
        number = nil
        context?.close(promise: nil)
    }
}

extension PeerAddress {
    /// The address of a socket; that of the machine itself for what has none.
    init(_ address: SocketAddress?) {
        let local = [UInt8]([127, 0, 0, 1])
        let port = UInt16(clamping: address?.port ?? 0)
        let bytes: [UInt8]
        switch address {
        case .v4(let address)?:
            // sockaddr_in: after family and port, 2 bytes each.
            bytes = withUnsafeBytes(of: address.address) { Array($0[4..<8]) }
        case .v6(let address)?:
            // sockaddr_in6: after family, port and flow, 2, 2 and 4 bytes.
            bytes = withUnsafeBytes(of: address.address) { Array($0[8..<24]) }
        case .unixDomainSocket?, nil: bytes = local
        }
        guard let peer = PeerAddress(bytes: bytes, port: port) else {
            preconditionFailure("an IP address has 4 or 16 bytes")
        }
        self = peer
    }
}
