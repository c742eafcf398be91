internal import Glibc
internal import MQTT
package import Measure
internal import NIOCore
internal import NIOPosix
internal import Synchronization
package import Traffic

/// Reaches a broker over TCP, with or without TLS. Sockets are on an event loop of their own; this side, on the
/// replay's thread, hands over and takes whole batches, so a slow target never holds up the schedule.
///
/// It watches the target: every fault of a connection is counted, and `reasonToStop` says when to give up. What it
/// cannot show a broker is the address that a client had.
package final class SocketTransport: Transport {
    package let target: Target
    private let options: SocketOptions
    private let mail = Mail()
    private let group: MultiThreadedEventLoopGroup
    private let loop: any EventLoop
    private let wires: NIOLoopBound<Wires>
    private var isStopped = false
    private var batch = Mail.Outgoing()
    private var arrivals = Mail.Arrivals()
    private var watch: TargetWatch
    private var last = 0

    /// Connects once, to know that somebody listens, with TLS where it is asked for, and hangs up.
    /// - Throws: a `TargetError` for a file of the options, the `TransportFault` of the last address if none of them
    ///   can be connected to within the bound of the options.
    package init(_ target: ResolvedTarget, _ options: SocketOptions = SocketOptions()) throws {
        self.target = target.target
        self.options = options
        watch = TargetWatch(options.limits)
        let tls = target.target.scheme.isEncrypted ? try options.tls.context() : nil
        raiseDescriptorLimit()
        let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
        self.group = group
        let loop = group.next()
        self.loop = loop
        do {
            let address = try Probe(target, tls, options.connectBound).first(on: loop)
            let mail = mail
            wires = try loop.submit {
                NIOLoopBound(
                    Wires(mail, to: target, at: address, tls, options, on: loop), eventLoop: loop)
            }.wait()
        } catch {
            group.shutdownGracefully { _ in }
            throw error
        }
    }

    deinit { if !isStopped { group.shutdownGracefully { _ in } } }

    package func open(from endpoint: Endpoint, at now: MonotonicTime) -> Int {
        last += 1
        watch.opened(last)
        batch.items.append(.init(connection: last, kind: .open, queued: now))
        return last
    }

    package func send(_ packet: RawSpan, on connection: Int, intended: MonotonicTime) {
        let first = packet.unsafeLoad(as: UInt8.self)
        guard let type = PacketType(rawValue: first >> 4), watch.isOpen(connection) else {
            mail.cutOff.add(1, ordering: .relaxed)
            return
        }
        let now = MonotonicTime.now()
        watch.sent(type, first: first, on: connection, at: now)
        if type == .connect, let signed = options.credentials?.signed(packet) {
            add(signed.span.bytes, type, connection, now)
        } else {
            add(packet, type, connection, now)
        }
    }

    private func add(
        _ packet: RawSpan, _ type: PacketType, _ connection: Int, _ now: MonotonicTime
    ) {
        packet.withUnsafeBytes { batch.bytes.append(contentsOf: $0) }
        batch.items.append(
            .init(
                connection: connection, kind: .packet(type, count: packet.byteCount), queued: now))
        mail.unsentBytes.add(packet.byteCount, ordering: .relaxed)
        if batch.bytes.count >= Self.batchBytes { post() }
    }

    package func close(_ connection: Int, at now: MonotonicTime) {
        guard watch.isOpen(connection) else { return }
        watch.closed(connection, nil, at: now)
        batch.items.append(.init(connection: connection, kind: .close, queued: now))
    }

    package func receive(
        at now: MonotonicTime,
        _ body: (_ connection: Int, _ packet: RawSpan, _ arrived: MonotonicTime) -> Void
    ) {
        post()
        guard mail.hasNews else { return }
        var taken = Mail.Arrivals()
        swap(&taken, &arrivals)
        if mail.collect(&taken) {
            let wires = wires
            loop.execute { wires.value.release() }
        }
        var offset = 0
        for item in taken.items {
            let range = offset..<offset + item.count
            offset += item.count
            guard watch.isOpen(item.connection) else { continue }
            let packet = taken.bytes.span.bytes.extracting(range)
            if packet.byteCount == 0 {
                watch.closed(item.connection, mail.lastFault, at: item.time)
            } else {
                heard(packet, on: item.connection, at: item.time)
            }
            body(item.connection, packet, item.time)
        }
        taken.removeAll()
        swap(&taken, &arrivals)
        post()
    }

    package func wait(until time: MonotonicTime) {
        post()
        mail.wait(until: time)
    }

    private func post() {
        guard !batch.items.isEmpty, mail.post(&batch) else { return }
        let wires = wires
        loop.execute { wires.value.drain() }
    }

    private func heard(_ packet: RawSpan, on connection: Int, at time: MonotonicTime) {
        guard let type = PacketType(rawValue: packet.unsafeLoad(as: UInt8.self) >> 4) else {
            return
        }
        watch.heard(type, on: connection, at: time)
        // Its reason code is behind one byte of flags in every version.
        if type == .connack, packet.byteCount > 3 {
            let code = packet.unsafeLoad(fromByteOffset: 3, as: UInt8.self)
            if code != 0 { mail.note(.denied(code, at: target)) }
        }
    }

    /// Whether the replay should stop, and why. To be asked about ten times a second.
    package func reasonToStop(at now: MonotonicTime) -> TransportStop? {
        for _ in 0..<watch.newlySilent(at: now) {
            mail.note(.silent(for: options.limits.silence, at: target))
        }
        return watch.reasonToStop(unsentBytes: unsentBytes, at: now)
    }

    /// Requests without an answer.
    package var unanswered: Int { watch.unanswered }

    /// Bytes that were sent and that the target's side of the network has not taken.
    package var unsentBytes: Int { mail.unsentBytes.load(ordering: .relaxed) }

    /// The last thing that went wrong; nil if nothing did.
    package var fault: TransportFault? { mail.lastFault }

    /// What there is to say about the target so far.
    package func report() -> TransportReport {
        let wires = wires
        let loops =
            isStopped ? nil : try? loop.submit { (wires.value.socketTimes, Wires.cpu) }.wait()
        return TransportReport(
            faults: mail.tally, socketTimes: loops?.0 ?? LatencyHistogram(), cpu: loops?.1 ?? .zero,
            unanswered: unanswered, unsentBytes: unsentBytes,
            cutOff: mail.cutOff.load(ordering: .relaxed))
    }

    /// Closes every connection, gives what is on its way until `bound`, and is of no more use.
    package func stop(within bound: Nanoseconds = .seconds(3)) {
        guard !isStopped else { return }
        for connection in watch.open { close(connection, at: .now()) }
        post()
        let (wires, deadline) = (wires, MonotonicTime.now() + bound)
        while MonotonicTime.now() < deadline {
            let left = try? loop.submit { wires.value.count }.wait()
            guard let left, left > 0 else { break }
            usleep(2_000)
        }
        isStopped = true
        try? group.syncShutdownGracefully()
    }

    /// A batch is handed over early when it has grown to this, bytes.
    private static let batchBytes = 64 << 10
}

/// As many connections as this system lets the process have.
private func raiseDescriptorLimit() {
    var limit = rlimit()
    guard getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0 else { return }
    limit.rlim_cur = limit.rlim_max
    setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
}
