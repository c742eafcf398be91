import Glibc
import MQTT
import NIOCore
import NIOPosix
import Synchronization

/// Something that listens on loopback and is no good broker, each in its own manner.
final class FakeTarget: Sendable {
    enum Manner: Sendable {
        /// Answers CONNECT, PUBLISH at QoS 1 and PINGREQ, and closes on DISCONNECT.
        case answers
        /// Answers CONNECT with this code.
        case denies(UInt8)
        /// Breaks the connection off when CONNECT has come.
        case resets
        /// Ends the connection when a PUBLISH has come.
        case ends
        /// Says these bytes, one at a time, when something has come.
        case says([UInt8])
        /// Takes what comes and says nothing after the CONNACK.
        case isSilent
        /// Takes connections and reads nothing.
        case isStuck
    }

    /// Everything that came, in order.
    final class Log: Sendable {
        private let bytes = Mutex<[UInt8]>([])

        func add(_ new: [UInt8]) { bytes.withLock { $0 += new } }
        var all: [UInt8] { bytes.withLock { $0 } }
    }

    private let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
    private let channel: any Channel
    let log = Log()
    let port: Int

    init(_ manner: Manner) async throws {
        let isStuck = if case .isStuck = manner { true } else { false }
        channel = try await ServerBootstrap(group: group)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .childChannelOption(.autoRead, value: !isStuck)
            .childChannelInitializer { [log] channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandler(Behaviour(manner, log))
                }
            }
            .bind(host: "127.0.0.1", port: 0).get()
        port = channel.localAddress?.port ?? 0
    }

    func stop() async throws {
        try await channel.close().get()
        try await group.shutdownGracefully()
    }
}

private final class Behaviour: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    private let manner: FakeTarget.Manner
    private let log: FakeTarget.Log
    private var received = ByteBuffer()

    init(_ manner: FakeTarget.Manner, _ log: FakeTarget.Log) {
        (self.manner, self.log) = (manner, log)
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        var bytes = unwrapInboundIn(data)
        log.add(Array(bytes.readableBytesView))
        received.writeBuffer(&bytes)
        while let header = try? FixedHeader.read(received.readableBytesSpan, at: 0),
            let packet = received.readBytes(length: header.packetLength)
        {
            react(to: header.type, packet, context)
        }
    }

    private func react(to type: PacketType, _ packet: [UInt8], _ context: ChannelHandlerContext) {
        switch (manner, type) {
        case (.denies(let code), .connect): say([0x20, 2, 0, code], context)
        case (.resets, .connect):
            // Without a word of TCP either.
            let channel = context.channel
            (channel as? any SocketOptionProvider)?
                .setSoLinger(linger(l_onoff: 1, l_linger: 0))
                .whenComplete { _ in channel.close(promise: nil) }
        case (.ends, .publish): context.close(promise: nil)
        case (.says(let bytes), .connect): for byte in bytes { say([byte], context) }
        case (.resets, _), (.says, _), (.denies, _), (.isStuck, _): break
        case (_, .connect): say([0x20, 2, 0, 0], context)
        case (.answers, .publish) where packet[0] & 0b0110 == 0b0010:
            let topic = Int(packet[2]) << 8 | Int(packet[3])
            say([0x40, 2, packet[4 + topic], packet[5 + topic]], context)
        case (.answers, .pingreq): say([0xD0, 0], context)
        case (.answers, .disconnect): context.close(promise: nil)
        default: break
        }
    }

    private func say(_ bytes: [UInt8], _ context: ChannelHandlerContext) {
        context.writeAndFlush(wrapOutboundOut(ByteBuffer(bytes: bytes)), promise: nil)
    }
}
