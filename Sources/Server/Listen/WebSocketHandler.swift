internal import NIOCore
internal import NIOWebSocket

/// MQTT in binary frames of WebSocket (RFC 6455): frames in, the stream of bytes out, and the other way
/// round. Packets and frames need not begin or end together [MQTT-6.0.0-2]. Confined to the event loop.
final class WebSocketHandler: ChannelDuplexHandler {
    typealias InboundIn = WebSocketFrame
    typealias InboundOut = ByteBuffer
    typealias OutboundIn = ByteBuffer
    typealias OutboundOut = WebSocketFrame

    /// The first frame of a message was read, the last was not.
    private var isWithinMessage = false
    private var hasSaidGoodbye = false

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        guard !hasSaidGoodbye else { return }
        let frame = unwrapInboundIn(data)
        // RFC 6455, 5.1 and 5.2: clients mask, and no extension was agreed on.
        guard frame.maskKey != nil, !frame.rsv1, !frame.rsv2, !frame.rsv3 else {
            return end(context, .protocolError)
        }
        switch frame.opcode {
        case .binary, .continuation:
            guard isWithinMessage == (frame.opcode == .continuation) else {
                return end(context, .protocolError)
            }
            isWithinMessage = !frame.fin
            let bytes = frame.unmaskedData
            if bytes.readableBytes > 0 { context.fireChannelRead(wrapInboundOut(bytes)) }
        case .ping:
            let pong = WebSocketFrame(fin: true, opcode: .pong, data: frame.unmaskedData)
            context.writeAndFlush(wrapOutboundOut(pong), promise: nil)
        case .pong: break
        case .connectionClose:
            end(context, frame.unmaskedData.readableBytes == 0 ? nil : .normalClosure)
        // [MQTT-6.0.0-1]
        case .text: end(context, .unacceptableData)
        default: end(context, .protocolError)
        }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        switch error as? NIOWebSocketError {
        case .invalidFrameLength?: end(context, .messageTooLarge)
        case nil: context.fireErrorCaught(error)
        default: end(context, .protocolError)
        }
    }

    func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
        let frame = WebSocketFrame(fin: true, opcode: .binary, data: unwrapOutboundIn(data))
        context.write(wrapOutboundOut(frame), promise: promise)
    }

    func close(context: ChannelHandlerContext, mode: CloseMode, promise: EventLoopPromise<Void>?) {
        sayGoodbye(context, .normalClosure)
        context.close(mode: mode, promise: promise)
    }

    private func end(_ context: ChannelHandlerContext, _ reason: WebSocketErrorCode?) {
        sayGoodbye(context, reason)
        context.close(promise: nil)
    }

    private func sayGoodbye(_ context: ChannelHandlerContext, _ reason: WebSocketErrorCode?) {
        guard !hasSaidGoodbye else { return }
        hasSaidGoodbye = true
        guard context.channel.isActive else { return }
        var data = ByteBuffer()
        if let reason { data.write(webSocketErrorCode: reason) }
        let frame = WebSocketFrame(fin: true, opcode: .connectionClose, data: data)
        context.writeAndFlush(wrapOutboundOut(frame), promise: nil)
    }
}
