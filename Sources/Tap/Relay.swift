internal import NIOCore
internal import Traffic

/// One end of a connection that is passed on: what comes in here goes out at its partner, and is heard. Reads
/// no faster than the partner can send and the recording can write. Confined to the event loop.
final class Relay: ChannelDuplexHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    private let hub: Hub
    private let connection: Int
    private let direction: Direction
    private var context: ChannelHandlerContext?
    private var partner: Relay?
    private var wantsToRead = false

    /// - Parameter direction: of what comes in here.
    init(_ hub: Hub, _ connection: Int, _ direction: Direction) {
        (self.hub, self.connection, self.direction) = (hub, connection, direction)
    }

    static func join(_ a: Relay, _ b: Relay) { (a.partner, b.partner) = (b, a) }

    func handlerAdded(context: ChannelHandlerContext) { self.context = context }

    func handlerRemoved(context: ChannelHandlerContext) { (self.context, partner) = (nil, nil) }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        let bytes = unwrapInboundIn(data)
        partner?.pass(bytes)
        hub.heard(bytes.readableBytesSpan, on: connection, direction)
    }

    func channelReadComplete(context: ChannelHandlerContext) {
        partner?.context?.flush()
        context.fireChannelReadComplete()
    }

    func read(context: ChannelHandlerContext) {
        if partner?.context?.channel.isWritable == true, !hub.isHeld {
            wantsToRead = false
            context.read()
        } else {
            wantsToRead = true
        }
    }

    /// Reads if it was kept from it.
    func resume() {
        guard wantsToRead, let context else { return }
        read(context: context)
    }

    func channelWritabilityChanged(context: ChannelHandlerContext) {
        if context.channel.isWritable { partner?.resume() }
        context.fireChannelWritabilityChanged()
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        // This end sends no more; the other may still.
        if let event = event as? ChannelEvent, event == .inputClosed {
            partner?.finish(.output)
        }
        context.fireUserInboundEventTriggered(event)
    }

    func channelInactive(context: ChannelHandlerContext) {
        hub.closed(connection, .fin)
        partner?.finish(.all)
        context.fireChannelInactive()
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        hub.closed(connection, .reset)
        context.close(promise: nil)
    }

    /// Closes when everything that is on its way has gone.
    private func finish(_ mode: CloseMode) {
        guard let context else { return }
        let channel = context.channel
        context.writeAndFlush(wrapOutboundOut(ByteBuffer())).whenComplete { _ in
            channel.close(mode: mode, promise: nil)
        }
    }

    private func pass(_ bytes: ByteBuffer) { context?.write(wrapOutboundOut(bytes), promise: nil) }
}
