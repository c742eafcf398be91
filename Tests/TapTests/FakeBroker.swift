import MQTT
import NIOCore
import NIOPosix

/// Answers CONNECT and PUBLISH at QoS 1 with identifier 7, and closes on DISCONNECT: as much as these tests need of a
/// broker.
final class FakeBroker: Sendable {
    enum Manner: Sendable {
        case answers
        /// Takes connections and never reads.
        case isStuck
        /// Says so many bytes at once, then closes.
        case talks(Int)
    }

    private let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
    private let channel: any Channel
    let port: Int

    init(port: Int = 0, _ manner: Manner = .answers) async throws {
        channel = try await ServerBootstrap(group: group)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .childChannelOption(.allowRemoteHalfClosure, value: true)
            .childChannelOption(
                .autoRead, value: { if case .isStuck = manner { false } else { true } }()
            )
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandler(Answers(manner))
                }
            }
            .bind(host: "127.0.0.1", port: port).get()
        self.port = channel.localAddress?.port ?? 0
    }

    func stop() async throws {
        try await channel.close().get()
        try await group.shutdownGracefully()
    }

    /// A port that nobody listens on.
    static func freePort() async throws -> Int {
        let broker = try await FakeBroker()
        try await broker.stop()
        return broker.port
    }
}

private final class Answers: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    private let manner: FakeBroker.Manner
    private var received = ByteBuffer()

    init(_ manner: FakeBroker.Manner) { self.manner = manner }

    func channelActive(context: ChannelHandlerContext) {
        guard case .talks(let count) = manner else { return }
        let channel = context.channel
        context.writeAndFlush(wrapOutboundOut(ByteBuffer(repeating: 0xC0, count: count)))
            .whenComplete { _ in channel.close(promise: nil) }
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        var bytes = unwrapInboundIn(data)
        received.writeBuffer(&bytes)
        guard case .answers = manner else { return }
        while let header = try? FixedHeader.read(received.readableBytesSpan, at: 0),
            received.readableBytes >= header.packetLength
        {
            received.moveReaderIndex(forwardBy: header.packetLength)
            switch header.type {
            case .connect: answer([0x20, 2, 0, 0], context)
            case .publish: answer([0x40, 2, 0, 7], context)
            case .disconnect: return context.close(promise: nil)
            default: break
            }
        }
    }

    private func answer(_ bytes: [UInt8], _ context: ChannelHandlerContext) {
        context.writeAndFlush(wrapOutboundOut(ByteBuffer(bytes: bytes)), promise: nil)
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if let event = event as? ChannelEvent, event == .inputClosed { context.close(promise: nil) }
    }
}
