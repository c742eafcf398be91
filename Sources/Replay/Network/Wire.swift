internal import MQTT
internal import Measure
internal import NIOCore
internal import NIOSSL
internal import NIOTLS
internal import Synchronization

/// One connection to the target: gathers what is to be sent in one turn of the event loop, and cuts what comes into
/// packets. Confined to the event loop.
final class Wire: ChannelDuplexHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    private enum Phase {
        case connecting, open
        /// The replay has closed it: what was sent before is still on its way.
        case ending
        case ended
    }

    let number: Int
    private let wires: Wires
    private var phase = Phase.connecting
    private var isToEnd = false
    /// The client has said goodbye: a broker ends its connection then, often before the client does.
    private(set) var isLeaving = false
    private var isSecuring = false
    private var context: ChannelHandlerContext?
    private var sending = ByteBuffer()
    /// When those packets in `sending` were handed over whose time is taken.
    private var queued: [MonotonicTime] = []
    private var packets = 0
    private var cutter = PacketCutter()
    private var isSlow = false
    private var wantsToRead = false

    init(_ number: Int, _ wires: Wires) { (self.number, self.wires) = (number, wires) }

    func handlerAdded(context: ChannelHandlerContext) { self.context = context }

    func handlerRemoved(context: ChannelHandlerContext) { self.context = nil }

    /// Gathers a packet until `flush`.
    /// - Parameter time: when it was handed over, if its socket time is wanted.
    /// - Returns: whether it is the first since then.
    func add(_ packet: RawSpan, _ type: PacketType, queued time: MonotonicTime?) -> Bool {
        guard phase != .ending, phase != .ended else {
            wires.lost(packets: 1, bytes: packet.byteCount)
            return false
        }
        let isFirst = packets == 0
        packet.withUnsafeBytes { _ = sending.writeBytes($0) }
        packets += 1
        if type == .disconnect { isLeaving = true }
        if let time { queued.append(time) }
        return isFirst
    }

    func flush() {
        guard phase == .open, let context, packets > 0 else { return }
        let (count, bytes, times) = (packets, sending.readableBytes, queued)
        let promise = context.eventLoop.makePromise(of: Void.self)
        promise.futureResult.assumeIsolated().whenComplete { [self] result in
            switch result {
            case .success: written(bytes, times)
            case .failure: wires.lost(packets: count, bytes: bytes)
            }
        }
        context.writeAndFlush(wrapOutboundOut(sending), promise: promise)
        (packets, queued) = (0, [])
        if sending.capacity <= Self.keptCapacity { sending.clear() } else { sending = ByteBuffer() }
    }

    private func written(_ bytes: Int, _ times: [MonotonicTime]) {
        wires.mail.unsentBytes.subtract(bytes, ordering: .relaxed)
        let now = MonotonicTime.now()
        for time in times { wires.socketTimes.record(now - time) }
        guard let first = times.first, now - first > Self.slow, !isSlow else { return }
        isSlow = true
        wires.mail.note(
            TransportFault(
                kind: .slow,
                sentence:
                    "\(wires.target): took \((now - first).count / 1_000_000) ms to take what it was sent"
            ))
    }

    /// Sends what is gathered and closes: its own half first, because a socket that is closed with bytes to read is
    /// reset, and what was sent last would be lost with it.
    func finish() {
        isToEnd = true
        guard phase == .open, let context else { return }
        flush()
        phase = .ending
        let isEncrypted = wires.target.scheme.isEncrypted
        context.close(mode: isEncrypted ? .all : .output, promise: nil)
        after(Self.farewell) { [self] in self.context?.close(promise: nil) }
    }

    private func after(_ time: TimeAmount, _ body: @escaping () -> Void) {
        context?.eventLoop.assumeIsolated().scheduleTask(in: time) { body() }
    }

    func channelActive(context: ChannelHandlerContext) {
        guard phase == .connecting else { return }
        if wires.target.scheme.isEncrypted {
            isSecuring = true
            after(wires.connectBound) { [self] in
                if isSecuring { end(TransportFault.unfinishedHandshake(at: wires.target)) }
            }
        }
        phase = .open
        if isToEnd { finish() } else { flush() }
        context.fireChannelActive()
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if case .handshakeCompleted? = event as? TLSUserEvent { isSecuring = false }
        context.fireUserInboundEventTriggered(event)
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        guard phase == .open else { return }
        let now = MonotonicTime.now()
        let garbage = cutter.cut(unwrapInboundIn(data)) { packets, lengths in
            wires.heard(
                lengths.map { .init(connection: number, time: now, count: $0) }, packets)
        }
        if let garbage { end(TransportFault(garbage, at: wires.target)) }
    }

    func read(context: ChannelHandlerContext) {
        wantsToRead = wires.isFull
        if !wantsToRead { context.read() }
    }

    /// Reads if it was kept from it.
    func resume() {
        guard wantsToRead, let context else { return }
        read(context: context)
    }

    func channelInactive(context: ChannelHandlerContext) {
        end(
            TransportFault(
                kind: .ended, sentence: "\(wires.target): it ended a connection that was in use"))
        context.fireChannelInactive()
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) { end(error) }

    /// The connection is of no more use, or never was.
    func end(_ error: any Error) {
        guard phase != .ended else { return }
        let isOurs = phase == .ending
        phase = .ended
        isSecuring = false
        wires.lost(packets: packets, bytes: sending.readableBytes)
        (packets, queued, sending, cutter) = (0, [], ByteBuffer(), PacketCutter())
        wires.ended(self, isOurs ? nil : TransportFault(error, at: wires.target))
        context?.close(promise: nil)
    }

    /// A PUBLISH that the kernel takes later than this was held up by the target.
    private static let slow = Nanoseconds.seconds(1)
    /// A buffer for output that grew larger is not kept, bytes.
    private static let keptCapacity = 64 << 10
    /// How long the target may take to read what was sent last.
    private static let farewell = TimeAmount.seconds(2)
}
