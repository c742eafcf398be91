internal import Layout
internal import NIOCore

/// The first handler of every connection: counts it in and out, and ends it if no CONNECT was accepted in
/// time, whatever it spent the time with: silence, a PROXY header, a TLS handshake, an HTTP upgrade.
/// Confined to the event loop.
final class Door: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer

    /// What a PROXY header said; nil if none did.
    var peer: PeerAddress?
    private let admission: Admission
    /// Seconds.
    private let patience: Double
    private var deadline: Scheduled<Void>?
    private var isCounted = true

    /// - Parameter admission: has counted the connection in already.
    init(_ admission: Admission, patience: Double) {
        self.admission = admission
        self.patience = patience
    }

    func handlerAdded(context: ChannelHandlerContext) {
        guard patience.isFinite else { return }
        let channel = context.channel
        let milliseconds = Int64(min(max(patience, 0) * 1_000, Self.longestPatience))
        deadline = context.eventLoop.scheduleTask(in: .milliseconds(milliseconds)) {
            channel.close(promise: nil)
        }
    }

    func handlerRemoved(context: ChannelHandlerContext) { leave() }

    func channelInactive(context: ChannelHandlerContext) {
        leave()
        context.fireChannelInactive()
    }

    /// CONNECT was accepted: from now on keep alive is what ends a silent connection.
    func accepted() {
        deadline?.cancel()
        deadline = nil
    }

    private func leave() {
        accepted()
        guard isCounted else { return }
        isCounted = false
        admission.leave()
    }

    /// A year, milliseconds: more would not fit a timer.
    private static let longestPatience = 365.0 * 86_400_000
}
