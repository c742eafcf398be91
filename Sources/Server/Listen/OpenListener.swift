internal import Measure
internal import NIOCore
internal import NIOPosix
internal import NIOSSL

/// A listener of the configuration that listens: what every new connection goes through.
struct OpenListener: Sendable {
    let channel: any Channel
    let admission: NIOLoopBound<Admission>

    /// - Parameter packetLimit: bytes of an MQTT packet.
    /// - Throws: when the address cannot be listened on, or a file of TLS is no good.
    static func open(
        _ listener: ServerConfiguration.Listener, _ host: NIOLoopBound<BrokerHost>,
        packetLimit: Int, on group: MultiThreadedEventLoopGroup
    ) async throws(ServerError) -> OpenListener {
        let loop = host.eventLoop
        let context: NIOSSLContext? =
            switch listener.kind {
            case .tcp, .ws: nil
            case .ssl, .wss: try .of(listener.tls, listener: listener.name)
            }
        let endpoint = listener.endpoint
        do {
            let admission = try await loop.submit {
                NIOLoopBound(
                    Admission(
                        most: listener.maxConnections, rate: listener.maxConnectionRate, at: .now()),
                    eventLoop: loop)
            }.get()
            let channel = try await ServerBootstrap(group: group)
                .serverChannelOption(.backlog, value: 1_024)
                .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
                .serverChannelOption(.maxMessagesPerRead, value: 16)
                .childChannelOption(.tcpOption(.tcp_nodelay), value: 1)
                .childChannelOption(.allowRemoteHalfClosure, value: context == nil)
                .childChannelOption(.maxMessagesPerRead, value: 2)
                .childChannelOption(
                    .recvAllocator,
                    value: AdaptiveRecvByteBufferAllocator(
                        minimum: 1_024, initial: 4_096, maximum: 65_536)
                )
                .childChannelOption(
                    .writeBufferWaterMark, value: .init(low: lowOutput, high: highOutput)
                )
                .childChannelInitializer { channel in
                    channel.eventLoop.makeCompletedFuture {
                        try welcome(
                            channel, listener, host, admission.value, context, packetLimit)
                    }
                }
                .bind(host: endpoint.host, port: endpoint.port).get()
            return OpenListener(channel: channel, admission: admission)
        } catch {
            throw ServerError(
                "cannot listen on \(endpoint.host):\(endpoint.port): \(error); name a free port, or stop "
                    + "what uses it")
        }
    }

    /// Why a connection was closed before anything was read from it.
    private struct TurnedAway: Error {}

    /// Builds the pipeline of a new connection.
    /// - Throws: if there are too many; it is closed then.
    private static func welcome(
        _ channel: any Channel, _ listener: ServerConfiguration.Listener,
        _ host: NIOLoopBound<BrokerHost>, _ admission: Admission, _ context: NIOSSLContext?,
        _ packetLimit: Int
    ) throws {
        guard admission.enter(at: .now()) else { throw TurnedAway() }
        let pipeline = channel.pipeline.syncOperations
        let door = Door(admission, patience: listener.idleTimeout)
        try pipeline.addHandler(door)
        if listener.proxyProtocol { try pipeline.addHandler(ProxyHandler(door)) }
        if let context { try pipeline.addHandler(NIOSSLServerHandler(context: context)) }
        switch listener.kind {
        case .tcp, .ssl:
            try pipeline.addHandler(
                ConnectionHandler(
                    host.value, door, packetLimit: packetLimit, isPlain: context == nil))
        case .ws, .wss:
            let bound = NIOLoopBound(door, eventLoop: channel.eventLoop)
            try WebSocketUpgrade.add(
                to: channel, path: listener.path,
                largest: max(packetLimit, smallestFrameLimit)
            ) { channel in
                try channel.pipeline.syncOperations.addHandler(
                    ConnectionHandler(
                        host.value, bound.value, packetLimit: packetLimit, isPlain: false))
            }
        }
    }

    /// A client with so many bytes on their way to it is sent no more until few are left.
    private static let lowOutput = 128 << 10
    private static let highOutput = 512 << 10
    /// Frames may carry many small packets, bytes.
    private static let smallestFrameLimit = 64 << 10
}
