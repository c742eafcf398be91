internal import Broker
internal import Layout
internal import Measure
internal import NIOCore
internal import Storage
internal import Synchronization

/// The session layer on its event loop: hands it what connections receive, and connections what it wants
/// sent. Confined to that loop; storage's threads only wake it.
final class BrokerHost {
    /// Whether a poll is under way to the loop already.
    private final class News: Sendable {
        let announced = Atomic(false)
    }

    let loop: any EventLoop
    let layer: SessionLayer
    private let store: any DurableStore
    private let news = News()
    private var outbox = Outbox()
    private var connections: [Int: ConnectionHandler] = [:]
    private var timer: RepeatedTask?
    /// For metrics.
    private(set) var meter = HostMeter()
    var connectionCount: Int { connections.count }
    /// `turn` is under way to the loop.
    private var isTurning = false
    private var this: NIOLoopBound<BrokerHost>?

    /// - Precondition: on `loop`.
    init(_ store: any DurableStore, limits: SessionLimits, on loop: any EventLoop) {
        loop.preconditionInEventLoop()
        self.loop = loop
        self.store = store
        layer = SessionLayer(store: store, limits: limits)
        this = NIOLoopBound(self, eventLoop: loop)
    }

    /// Begins to look at what storage has, and at what is due.
    func start() {
        let this = NIOLoopBound(self, eventLoop: loop)
        store.onNews { [news, loop] in
            guard !news.announced.exchange(true, ordering: .acquiringAndReleasing) else { return }
            loop.execute {
                news.announced.store(false, ordering: .releasing)
                this.value.poll()
            }
        }
        timer = loop.scheduleRepeatedTask(
            initialDelay: Self.timerInterval, delay: Self.timerInterval
        ) { _ in this.value.poll() }
    }

    /// Takes no more news; connections are closed by whoever opened them.
    func stop() {
        store.onNews {}
        timer?.cancel()
        timer = nil
    }

    /// - Returns: the connection's number.
    func opened(_ handler: ConnectionHandler, from peer: PeerAddress) -> Int {
        let number = layer.opened(from: peer)
        connections[number] = handler
        return number
    }

    func receive(_ packet: RawSpan, on number: Int) {
        if !isTurning { turn() }
        let now = MonotonicTime.now()
        meter.received.count(packet)
        layer.receive(packet, on: number, intended: now, at: now, into: &outbox)
    }

    /// Once all sockets that are ready were read, hands over what is to be stored and what is to be sent: a
    /// writer is woken once and a connection is written to once in a turn of the loop.
    private func turn() {
        guard let this else { return }
        isTurning = true
        store.hold()
        loop.execute {
            this.value.isTurning = false
            this.value.store.release()
            this.value.send()
        }
    }

    func closed(_ number: Int) {
        guard connections.removeValue(forKey: number) != nil else { return }
        layer.closed(number, at: .now(), into: &outbox)
        send()
    }

    func poll() {
        layer.poll(at: .now(), into: &outbox)
        send()
    }

    /// Hands over what the session layer wants sent since the last call.
    func send() {
        guard !outbox.items.isEmpty else { return }
        // Closing a connection may make the session layer say more.
        var leaving = Outbox()
        swap(&outbox, &leaving)
        var touched: [ConnectionHandler] = []
        for item in leaving.items {
            switch item {
            case .packet(let number, let range):
                guard let handler = connections[number] else { continue }
                let packet = leaving.bytes.span.bytes.extracting(range)
                meter.sent.count(packet)
                if handler.write(packet) {
                    touched.append(handler)
                }
            case .close(let number):
                connections.removeValue(forKey: number)?.end()
            }
        }
        for handler in touched { handler.flush() }
        meter.answered(leaving.answers)
        leaving.removeAll()
        if outbox.items.isEmpty { swap(&outbox, &leaving) } else { send() }
    }

    /// Timers of the session layer (expiry, delayed wills) are looked at at least this often.
    private static let timerInterval = TimeAmount.milliseconds(50)
}
