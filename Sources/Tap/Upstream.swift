internal import NIOCore
internal import NIOPosix
internal import Synchronization
internal import Traffic

/// The broker behind the proxy: every client gets a connection of its own to it, or is closed.
final class Upstream: Sendable {
    private let address: TapConfiguration.Address
    private let timeout: TimeAmount
    private let note: @Sendable (String) -> Void
    /// Whether the last client found nobody there: said once, not for each.
    private let isDead = Atomic(false)

    /// Bytes on their way to one end above which the other is not read, and below which it is again.
    static let waterMark = ChannelOptions.Types.WriteBufferWaterMark(low: 64 << 10, high: 256 << 10)

    init(_ configuration: TapConfiguration, _ note: @escaping @Sendable (String) -> Void) {
        address = configuration.upstream
        timeout = .seconds(Int64(configuration.connectTimeout))
        self.note = note
    }

    /// Connects a new client with the broker. Nothing is read from it before.
    func welcome(_ channel: any Channel, _ hub: Hub) throws {
        let number = hub.nextNumber()
        let client = Relay(hub, number, .toBroker)
        try channel.pipeline.syncOperations.addHandler(client)
        let loop = channel.eventLoop
        let bound = NIOLoopBound((hub: hub, client: client), eventLoop: loop)
        ClientBootstrap(group: loop)
            .connectTimeout(timeout)
            .channelOption(.tcpOption(.tcp_nodelay), value: 1)
            .channelOption(.allowRemoteHalfClosure, value: true)
            .channelOption(.autoRead, value: false)
            .channelOption(.writeBufferWaterMark, value: Self.waterMark)
            .connect(host: address.host, port: address.port)
            .hop(to: loop)
            .whenComplete { result in
                switch result {
                case .failure(let error):
                    self.isMissing(error)
                    channel.close(promise: nil)
                case .success(let upstream):
                    self.isThere()
                    let (hub, client) = bound.value
                    self.join(number, channel, upstream, client, hub)
                }
            }
    }

    private func join(
        _ number: Int, _ channel: any Channel, _ upstream: any Channel, _ client: Relay, _ hub: Hub
    ) {
        let broker = Relay(hub, number, .toClient)
        guard channel.isActive, upstream.isActive, let from = Endpoint(channel.remoteAddress),
            let to = Endpoint(upstream.remoteAddress),
            (try? upstream.pipeline.syncOperations.addHandler(broker)) != nil
        else {
            channel.close(promise: nil)
            upstream.close(promise: nil)
            return
        }
        hub.opened(number, client, broker, on: channel, from: from, to: to)
        for end in [channel, upstream] {
            end.setOption(.autoRead, value: true).whenFailure { _ in end.close(promise: nil) }
        }
    }

    private func isMissing(_ error: any Error) {
        guard !isDead.exchange(true, ordering: .relaxed) else { return }
        note(
            "the broker at \(address) does not answer (\(error)); clients are closed until it does")
    }

    private func isThere() {
        if isDead.exchange(false, ordering: .relaxed) { note("the broker at \(address) is back") }
    }
}

extension Endpoint {
    /// Nil if it is not TCP over IP.
    fileprivate init?(_ address: SocketAddress?) {
        switch address {
        case .v4(let address):
            let bytes = withUnsafeBytes(of: address.address.sin_addr.s_addr) { Array($0) }
            self.init(address: bytes, port: UInt16(bigEndian: address.address.sin_port))
        case .v6(let address):
            let bytes = withUnsafeBytes(of: address.address.sin6_addr) { Array($0) }
            self.init(address: bytes, port: UInt16(bigEndian: address.address.sin6_port))
        case .unixDomainSocket, nil: return nil
        }
    }
}
