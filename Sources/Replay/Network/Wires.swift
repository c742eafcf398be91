internal import Glibc
internal import MQTT
internal import Measure
internal import NIOCore
internal import NIOPosix
internal import NIOSSL
internal import Synchronization

/// The sockets of a transport. Confined to its event loop.
final class Wires {
    let mail: Mail
    let target: Target
    private let address: SocketAddress
    private let tls: NIOSSLContext?
    private let hostname: String?
    let connectBound: TimeAmount
    private let loop: any EventLoop
    private var window: RateWindow?
    private var wires: [Int: Wire] = [:]
    /// What is being sent, and how far that is.
    private var batch = Mail.Outgoing()
    private var place = (item: 0, byte: 0)
    private var isHeldBack = false
    private var touched: [Wire] = []
    /// Too much waits for the replay: nothing is read.
    private(set) var isFull = false
    /// From when a PUBLISH was handed over to when the kernel had taken all of it.
    var socketTimes = LatencyHistogram()

    var count: Int { wires.count }

    /// CPU that the event loop's thread has used.
    static var cpu: Nanoseconds {
        var time = timespec()
        clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time)
        return Nanoseconds(Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec))
    }

    init(
        _ mail: Mail, to target: ResolvedTarget, at address: SocketAddress, _ tls: NIOSSLContext?,
        _ options: SocketOptions, on loop: any EventLoop
    ) {
        self.mail = mail
        self.target = target.target
        self.address = address
        self.tls = tls
        hostname = target.hostname
        connectBound = .nanoseconds(options.connectBound.count)
        window = options.packetsPerSecond.map { RateWindow(perSecond: $0) }
        self.loop = loop
    }

    /// Does what the replay wants done, up to what the rate allows.
    func drain() {
        guard !isHeldBack else { return }
        repeat {
            send()
            guard !isHeldBack else { break }
            batch.removeAll()
            place = (0, 0)
            mail.take(&batch)
        } while !batch.items.isEmpty
        for wire in touched { wire.flush() }
        touched.removeAll(keepingCapacity: true)
    }

    private func send() {
        while place.item < batch.items.count {
            let item = batch.items[place.item]
            if item.kind.isCapped, let wait = heldBack() {
                isHeldBack = true
                loop.assumeIsolated().scheduleTask(in: wait) { [self] in
                    isHeldBack = false
                    drain()
                }
                return
            }
            place.item += 1
            switch item.kind {
            case .open: open(item.connection)
            case .close: wires[item.connection]?.finish()
            case .packet(let type, let count):
                let range = place.byte..<place.byte + count
                place.byte += count
                guard let wire = wires[item.connection] else {
                    lost(packets: 1, bytes: count)
                    continue
                }
                let arena = batch.bytes
                let bytes = arena.span.bytes.extracting(range)
                if wire.add(bytes, type, queued: type == .publish ? item.queued : nil) {
                    touched.append(wire)
                }
            }
        }
    }

    /// - Returns: how long the next packet has to wait; nil if it may go, which is counted.
    private func heldBack() -> TimeAmount? {
        let now = MonotonicTime.now().nanoseconds
        guard let earliest = window?.earliest(from: now) else { return nil }
        if earliest > now { return .nanoseconds(earliest - now) }
        window?.add(now)
        return nil
    }

    private func open(_ number: Int) {
        let wire = Wire(number, self)
        wires[number] = wire
        let (tls, hostname) = (tls, hostname)
        let bound = NIOLoopBound(wire, eventLoop: loop)
        ClientBootstrap(group: loop)
            .connectTimeout(connectBound)
            .channelOption(.tcpOption(.tcp_nodelay), value: 1)
            .channelOption(
                .recvAllocator,
                value: AdaptiveRecvByteBufferAllocator(
                    minimum: 1_024, initial: 2_048, maximum: 65_536)
            )
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    let pipeline = channel.pipeline.syncOperations
                    if let tls {
                        try pipeline.addHandler(
                            NIOSSLClientHandler(context: tls, serverHostname: hostname))
                    }
                    try pipeline.addHandler(bound.value)
                }
            }
            .connect(to: address)
            .whenFailure { bound.value.end($0) }
    }

    /// What came from the target.
    func heard(_ items: [Mail.Arrivals.Item], _ bytes: RawSpan) {
        if mail.arrived(items, bytes) { isFull = true }
    }

    /// - Parameter fault: nil if it is the replay that ended it.
    func ended(_ wire: Wire, _ fault: TransportFault?) {
        wires[wire.number] = nil
        guard let fault else { return }
        if !wire.isLeaving { mail.note(fault) }
        mail.ended(wire.number)
    }

    func lost(packets: Int, bytes: Int) {
        mail.unsentBytes.subtract(bytes, ordering: .relaxed)
        mail.cutOff.add(packets, ordering: .relaxed)
    }

    /// What waited for the replay has been taken.
    func release() {
        isFull = false
        for wire in wires.values { wire.resume() }
    }
}

extension Mail.Outgoing.Kind {
    /// Whether the target is spared it when it is too much; to leave is always allowed.
    fileprivate var isCapped: Bool { if case .close = self { false } else { true } }
}
