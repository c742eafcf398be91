internal import NIOCore

/// Takes the PROXY header off the front of a connection, before TLS; without a good one it is closed.
/// Confined to the event loop.
final class ProxyHandler: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias InboundOut = ByteBuffer

    private let door: Door
    private var received = ByteBuffer()
    private var isDone = false

    init(_ door: Door) { self.door = door }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        guard !isDone else { return context.fireChannelRead(data) }
        var new = unwrapInboundIn(data)
        received.writeBuffer(&new)
        do throws(ProxyHeader.Problem) {
            let soFar = received
            guard let header = try ProxyHeader.read(soFar.readableBytesSpan) else { return }
            isDone = true
            door.peer = header.peer
            received.moveReaderIndex(forwardBy: header.length)
            var rest = ByteBuffer()
            swap(&rest, &received)
            if rest.readableBytes > 0 { context.fireChannelRead(wrapInboundOut(rest)) }
        } catch {
            isDone = true
            received = ByteBuffer()
            context.close(promise: nil)
        }
    }
}
