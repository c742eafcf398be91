internal import Foundation
internal import HTTPTypes
internal import Hummingbird
internal import HummingbirdCore
internal import Logging
internal import Measure
internal import NIOCore
internal import Storage
internal import Synchronization

/// The admin listener: metrics, health and what `dstune ctl` asks for. It answers before the store is open and
/// while the broker drains, so that readiness can be asked at any time; on threads of its own, so that a scrape
/// costs the broker's event loop one look.
final class AdminServer: Sendable {
    /// How far the broker is, and what answers are given from.
    enum Stage: Sendable {
        case opening
        case serving(ObservationSource)
        case draining(ObservationSource)
    }

    private struct State {
        var watch: Task<Void, Never>?
        var listener: Task<Void, any Error>?
    }

    private let state = Mutex(State())
    private let answers = AdminAnswers()
    /// Where it listens; nil without a listener.
    let port: Int?

    /// - Parameter endpoint: nil for no listener. What RocksDB notes is taken over even so.
    /// - Throws: when the address cannot be listened on.
    init(at endpoint: ServerConfiguration.Endpoint?) async throws(ServerError) {
        guard let endpoint else {
            port = nil
            return
        }
        var logger = Logger(label: "dstune.admin")
        // Who asks how the broker is should not fill its log.
        // Ending it is an error to the framework, so only what it cannot go on from is said.
        logger.logLevel = .critical
        let (ports, running) = AsyncStream.makeStream(of: Int.self)
        let application = Application(
            router: answers.router(),
            server: .http1(
                configuration: HTTP1Channel.Configuration(
                    idleTimeout: Self.idleTimeout,
                    httpDecoderConfiguration: .init(
                        maxHeaderFieldSize: Self.headerBytes, maxHeaderListSize: Self.headerBytes,
                        maxHeaderFieldCount: Self.headerFields))),
            configuration: ApplicationConfiguration(
                address: .hostname(endpoint.host, port: endpoint.port),
                availableConnectionsDelegate: MaximumAvailableConnections(
                    Self.connections, logger: logger)),
            onServerRunning: { channel in
                running.yield(channel.localAddress?.port ?? endpoint.port)
                running.finish()
            }, logger: logger)
        let listener = Task {
            defer { running.finish() }
            try await application.run()
        }
        var port: Int?
        for await found in ports { port = found }
        guard let port else {
            var reason = "it ended"
            do { try await listener.value } catch { reason = "\(error)" }
            throw ServerError(
                "cannot listen on \(endpoint.host):\(endpoint.port) for `dstune ctl` and metrics: \(reason); "
                    + "name a free port (--admin), or --admin none")
        }
        self.port = port
        state.withLock { $0.listener = listener }
    }

    /// The broker is up: answers are taken from `source` from now on.
    func serve(_ source: ObservationSource) {
        let watch = Task {
            while !Task.isCancelled {
                source.ledger.take()
                source.history.note(.now(), source.store.flushCounts())
                try? await Task.sleep(for: .seconds(1))
            }
        }
        answers.stage.withLock { $0 = .serving(source) }
        state.withLock { $0.watch = watch }
    }

    /// The broker ends soon: it is no longer ready, and still answers.
    func drain() {
        answers.stage.withLock {
            if case .serving(let source) = $0 { $0 = .draining(source) }
        }
    }

    /// Answers no more, and lets go of the store.
    func stop() async {
        answers.stage.withLock { $0 = .opening }
        let (watch, listener) = state.withLock { ($0.watch, $0.listener) }
        watch?.cancel()
        listener?.cancel()
        await watch?.value
        _ = try? await listener?.value
    }

    /// A scraper and a few people: what more there is has lost its way.
    private static let connections = 32
    private static let idleTimeout = TimeAmount.seconds(10)
    /// No request needs more, and none has a body.
    private static let headerBytes = 8 << 10
    private static let headerFields = 64
}
