internal import Glibc
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
        let cause = (error as? NIOConnectionError)?.connectionErrors.first?.error ?? error
        let why = (cause as? IOError).map { String(cString: strerror($0.errnoCode)) } ?? "\(cause)"
        note("the broker at \(address) does not answer (\(why)); clients are closed until it does")
    }

    private func isThere() {
        if isDead.exchange(false, ordering: .relaxed) { note("the broker at \(address) is back") }
    }
}

extension Endpoint {
    /// Nil if it is not TCP over IP.
    fileprivate init?(_ address: SocketAddress?) {
        guard let address, let port = address.port else { return nil }
        // Where the address lies in sockaddr_in and sockaddr_in6 (ip(7), ipv6(7)).
        let place: Range<Int>
        switch address {
        case .v4: place = 4..<8
        case .v6: place = 8..<24
        case .unixDomainSocket: return nil
        }
        let bytes = address.withSockAddr { pointer, size in
            Array(UnsafeRawBufferPointer(start: pointer, count: size))
        }
        guard bytes.count >= place.upperBound else { return nil }
        self.init(address: Array(bytes[place]), port: UInt16(clamping: port))
    }
}
