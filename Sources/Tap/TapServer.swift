internal import NIOCore
internal import NIOPosix
internal import Synchronization
internal import Traffic

/// A proxy that passes MQTT on and records it. All connections are on one event loop; what they carry is
/// decoded and written on a thread of its own.
package final class TapServer: Sendable {
    private let group: MultiThreadedEventLoopGroup
    private let listener: any Channel
    private let hub: NIOLoopBound<Hub>
    private let recorder: Recorder

    /// The port that it listens on.
    package var port: Int { listener.localAddress?.port ?? 0 }

    /// Makes the first file and listens. The broker need not be there yet.
    /// - Parameter note: gets a sentence for people, from any thread, when something goes wrong or comes right.
    /// - Throws: if the file cannot be made or the address cannot be listened on.
    package init(
        _ configuration: TapConfiguration, note: @escaping @Sendable (String) -> Void
    ) async throws(TapError) {
        let intake = Intake()
        let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
        self.group = group
        let loop = group.next()
        do {
            let hub = try await loop.submit { NIOLoopBound(Hub(intake), eventLoop: loop) }.get()
            self.hub = hub
            recorder = try Recorder(configuration, intake, note) {
                loop.execute { hub.value.release() }
            }
            let upstream = Upstream(configuration, note)
            listener = try await ServerBootstrap(group: group)
                .serverChannelOption(.backlog, value: 1_024)
                .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
                .childChannelOption(.tcpOption(.tcp_nodelay), value: 1)
                .childChannelOption(.allowRemoteHalfClosure, value: true)
                .childChannelOption(.autoRead, value: false)
                .childChannelOption(.writeBufferWaterMark, value: Upstream.waterMark)
                .childChannelInitializer { channel in
                    channel.eventLoop.makeCompletedFuture {
                        try upstream.welcome(channel, hub.value)
                    }
                }
                .bind(host: configuration.listen.host, port: configuration.listen.port).get()
        } catch let error as TapError {
            try? await group.shutdownGracefully()
            throw error
        } catch {
            intake.end()
            try? await group.shutdownGracefully()
            throw TapError(
                "cannot listen on \(configuration.listen): \(error); name a free port with --listen"
            )
        }
    }

    /// Listens no more, ends every connection, and finishes the file.
    package func stop() async -> TapSummary {
        try? await listener.close().get()
        let hub = hub
        try? await hub.eventLoop.submit { hub.value.closeAll() }.get()
        // Connections that are being made end with the loop.
        try? await group.shutdownGracefully()
        return await recorder.finish()
    }
}
