internal import Broker
internal import Measure
internal import NIOCore
internal import NIOPosix
internal import Storage

/// The broker on sockets: one event loop for connections and sessions, storage on threads of its own.
package final class BrokerServer: Sendable {
    private let group: MultiThreadedEventLoopGroup
    private let listeners: [OpenListener]
    private let host: NIOLoopBound<BrokerHost>
    private let store: ShardedStore
    private let authenticator: Authenticator
    private let admin: AdminServer

    /// Where metrics and `dstune ctl` are answered; nil for nowhere.
    package var adminPort: Int? { admin.port }
    /// Where each listener of the configuration listens.
    package var ports: [Int] { listeners.map { $0.channel.localAddress?.port ?? 0 } }

    /// Opens the store and listens.
    /// - Throws: when a file of the configuration is no good, the store cannot be opened, or an address cannot be
    ///   listened on.
    package init(_ configuration: ServerConfiguration) async throws(ServerError) {
        let authenticator = try Authenticator(configuration.access)
        self.authenticator = authenticator
        let admin: AdminServer
        do throws(ServerError) { admin = try await AdminServer(at: configuration.admin) } catch {
            authenticator.stop()
            throw error
        }
        self.admin = admin
        let engine = RocksEngine()
        let store: ShardedStore
        do throws(StoreOpenError) {
            store = try ShardedStore(
                at: configuration.dataDirectory, configuration.storage, on: engine)
        } catch {
            await admin.stop()
            authenticator.stop()
            throw ServerError("\(error)")
        }
        self.store = store
        let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
        self.group = group
        let loop = group.next()
        var listeners: [OpenListener] = []
        do {
            let limits = configuration.sessions
            let host = try await loop.submit {
                let host = BrokerHost(store, limits: limits, authenticator, on: loop)
                try host.layer.restore(at: .now())
                host.start()
                return NIOLoopBound(host, eventLoop: loop)
            }.get()
            self.host = host
            for listener in configuration.listeners {
                listeners.append(
                    try await OpenListener.open(
                        listener, host, packetLimit: limits.packetBytes, on: group))
            }
            self.listeners = listeners
            admin.serve(
                ObservationSource(
                    facts: BrokerFacts(configuration.storage, version: configuration.version),
                    host: host, loop: loop, store: store, engine: engine))
        } catch {
            for listener in listeners { try? await listener.channel.close().get() }
            await admin.stop()
            try? await group.shutdownGracefully()
            store.close()
            authenticator.stop()
            throw (error as? ServerError) ?? ServerError("\(error)")
        }
    }

    /// What was asked of RocksDB and is not what it runs, one sentence each.
    package func notHonoured() -> [String] {
        do { return try store.notHonoured() } catch {
            return ["RocksDB does not say what it runs: \(error)"]
        }
    }

    /// Says of itself that it is not ready; `stop` does so too.
    package func drainAdmin() { admin.drain() }

    /// Drains and stops: accepts no more, takes no more packets, answers what was taken, tells clients that the
    /// broker is going, leaves sessions to their tables, and commits what storage was given.
    /// - Parameter seconds: how long storage and clients may take altogether; what is not answered by then is
    ///   not promised either.
    package func stop(within seconds: Double = 5) async {
        admin.drain()
        for listener in listeners { try? await listener.channel.close().get() }
        let host = host
        let loop = host.eventLoop
        let end = MonotonicTime.now() + .seconds(seconds)
        try? await loop.submit { host.value.holdAll() }.get()
        // Half of the time for storage, so that the rest is left to say goodbye in.
        await wait(until: MonotonicTime.now() + .seconds(seconds / 2)) { host.value.isSettled }
        try? await loop.submit { host.value.leaveAll() }.get()
        let admissions = listeners.map(\.admission)
        await wait(until: end) { admissions.allSatisfy { $0.value.open == 0 } }
        await admin.stop()
        // Before the loop ends: a commit would still call it.
        store.close()
        try? await loop.submit { host.value.stop() }.get()
        try? await group.shutdownGracefully()
        authenticator.stop()
    }

    private func wait(until end: MonotonicTime, for condition: @escaping @Sendable () -> Bool) async {
        while MonotonicTime.now() < end {
            let isTrue = try? await host.eventLoop.submit(condition).get()
            if isTrue != false { return }
            try? await Task.sleep(for: .milliseconds(5))
        }
    }
}

/// Why the server cannot run: one sentence for the operator.
package struct ServerError: Error, CustomStringConvertible {
    package let description: String

    package init(_ description: String) { self.description = description }
}
