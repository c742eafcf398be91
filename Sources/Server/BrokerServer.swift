internal import Broker
internal import Measure
internal import NIOCore
internal import NIOPosix
internal import Storage

/// The broker on sockets: one event loop for connections and sessions, storage on threads of its own.
package final class BrokerServer: Sendable {
    private let group: MultiThreadedEventLoopGroup
    private let listeners: [any Channel]
    private let host: NIOLoopBound<BrokerHost>
    private let store: ShardedStore

    /// Where each listener of the configuration listens.
    package var ports: [Int] { listeners.map { $0.localAddress?.port ?? 0 } }

    /// Opens the store and listens.
    /// - Throws: when the store cannot be opened, or an address cannot be listened on.
    package init(_ configuration: ServerConfiguration) async throws(ServerError) {
        let store: ShardedStore
        do throws(StoreOpenError) {
            store = try ShardedStore(
                at: configuration.dataDirectory, configuration.storage, on: RocksEngine())
        } catch { throw ServerError("\(error)") }
        self.store = store
        let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
        self.group = group
        let loop = group.next()
        var listeners: [any Channel] = []
        do {
            let limits = configuration.sessions
            let host = try await loop.submit {
                let host = BrokerHost(store, limits: limits, on: loop)
                try host.layer.restore(at: .now())
                host.start()
                return NIOLoopBound(host, eventLoop: loop)
            }.get()
            self.host = host
            for listener in configuration.listeners {
                listeners.append(try await Self.listen(listener, host, limits.packetBytes, group))
            }
            self.listeners = listeners
        } catch {
            for listener in listeners { try? await listener.close().get() }
            try? await group.shutdownGracefully()
            store.close()
            throw (error as? ServerError) ?? ServerError("\(error)")
        }
    }

    private static func listen(
        _ listener: ServerConfiguration.Listener, _ host: NIOLoopBound<BrokerHost>,
        _ packetLimit: Int, _ group: MultiThreadedEventLoopGroup
    ) async throws(ServerError) -> any Channel {
        let endpoint = listener.endpoint
        do {
            return try await ServerBootstrap(group: group)
                .serverChannelOption(.backlog, value: 1_024)
                .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
                .childChannelOption(.tcpOption(.tcp_nodelay), value: 1)
                .childChannelInitializer { channel in
                    channel.eventLoop.makeCompletedFuture {
                        try channel.pipeline.syncOperations.addHandler(
                            ConnectionHandler(host.value, packetLimit: packetLimit))
                    }
                }
                .bind(host: endpoint.host, port: endpoint.port).get()
        } catch {
            throw ServerError(
                "cannot listen on \(endpoint.host):\(endpoint.port): \(error); name a free port, or stop "
                    + "what uses it")
        }
    }

    /// What was asked of RocksDB and is not what it runs, one sentence each.
    package func notHonoured() -> [String] {
        do { return try store.notHonoured() } catch {
            return ["RocksDB does not say what it runs: \(error)"]
        }
    }

    /// Accepts no more, ends all connections and commits what storage was given.
    package func stop() async {
        for listener in listeners { try? await listener.close().get() }
        let host = host
        try? await group.next().submit { host.value.stop() }.get()
        try? await group.shutdownGracefully()
        store.close()
    }
}

/// Why the server cannot run: one sentence for the operator.
package struct ServerError: Error, CustomStringConvertible {
    package let description: String

    package init(_ description: String) { self.description = description }
}
