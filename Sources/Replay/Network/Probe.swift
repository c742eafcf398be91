internal import Measure
internal import NIOCore
internal import NIOPosix
internal import NIOSSL
internal import NIOTLS

/// Finds out which of a target's addresses somebody listens on, with TLS where it is asked for.
struct Probe {
    private let target: ResolvedTarget
    private let tls: NIOSSLContext?
    private let bound: TimeAmount

    init(_ target: ResolvedTarget, _ tls: NIOSSLContext?, _ bound: Nanoseconds) {
        self.target = target
        self.tls = tls
        self.bound = .nanoseconds(bound.count)
    }

    /// - Throws: why the last address could not be connected to.
    func first(on loop: any EventLoop) throws(TransportFault) -> SocketAddress {
        var fault: TransportFault?
        for address in target.addresses {
            do {
                try reach(address, loop).wait()
                return address
            } catch { fault = TransportFault(error, at: target.target) }
        }
        guard let fault else { preconditionFailure("a resolved target has an address") }
        throw fault
    }

    private func reach(_ address: SocketAddress, _ loop: any EventLoop) -> EventLoopFuture<Void> {
        let reached = loop.makePromise(of: Void.self)
        ClientBootstrap(group: loop)
            .connectTimeout(bound)
            .channelInitializer { [tls, bound, target] channel in
                channel.eventLoop.makeCompletedFuture {
                    let pipeline = channel.pipeline.syncOperations
                    if let tls {
                        try pipeline.addHandler(
                            NIOSSLClientHandler(context: tls, serverHostname: target.hostname))
                    }
                    try pipeline.addHandler(
                        ProbeHandler(
                            reached, target.target, awaitsTLS: tls != nil, within: bound))
                }
            }
            .connect(to: address)
            .whenFailure { reached.fail($0) }
        return reached.futureResult
    }
}

/// Hangs up as soon as the connection stands.
private final class ProbeHandler: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer

    private let reached: EventLoopPromise<Void>
    private let target: Target
    private let awaitsTLS: Bool
    private let bound: TimeAmount

    init(
        _ reached: EventLoopPromise<Void>, _ target: Target, awaitsTLS: Bool,
        within bound: TimeAmount
    ) {
        self.reached = reached
        self.target = target
        self.awaitsTLS = awaitsTLS
        self.bound = bound
    }

    func channelActive(context: ChannelHandlerContext) {
        guard awaitsTLS else { return hangUp(context, .success(())) }
        let channel = context.channel
        let (reached, fault) = (reached, TransportFault.unfinishedHandshake(at: target))
        context.eventLoop.scheduleTask(in: bound) {
            reached.fail(fault)
            channel.close(promise: nil)
        }
        context.fireChannelActive()
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if case .handshakeCompleted? = event as? TLSUserEvent { hangUp(context, .success(())) }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        hangUp(context, .failure(error))
    }

    func channelInactive(context: ChannelHandlerContext) {
        reached.fail(
            TransportFault(
                kind: .ended, sentence: "\(target): it took a connection and ended it at once"))
    }

    private func hangUp(_ context: ChannelHandlerContext, _ result: Result<Void, any Error>) {
        reached.completeWith(result)
        context.close(promise: nil)
    }
}
