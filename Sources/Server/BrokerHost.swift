internal import Broker
internal import Layout
internal import MQTT
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
    let store: ShardedStore
    private let authenticator: Authenticator
    private let news = News()
    var outbox = Outbox()
    private(set) var connections: [Int: ConnectionHandler] = [:]
    private var timer: RepeatedTask?
    /// For metrics.
    private(set) var meter = HostMeter()
    var connectionCount: Int { connections.count }
    private var this: NIOLoopBound<BrokerHost>?
    /// `turn` is under way to the loop.
    private var isTurning = false
    private var pressure = TurnPressure()
    /// `poll` is under way to the loop, for what gathers to be read.
    private var isReadingLater = false
    /// Connections that have had their share of this turn.
    private var waiting: [ConnectionHandler] = []
    /// When publishers are to be held back, and who is.
    private var brake = Brake()
    private var heldBack: [ConnectionHandler] = []
    /// No more packets are taken.
    private(set) var isStopping = false

    /// - Precondition: on `loop`.
    init(
        _ store: ShardedStore, limits: SessionLimits, _ authenticator: Authenticator,
        on loop: any EventLoop
    ) {
        loop.preconditionInEventLoop()
        self.loop = loop
        self.store = store
        self.authenticator = authenticator
        layer = SessionLayer(store: store, limits: limits, authority: authenticator.rules)
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

    /// Polls no more.
    func stop() {
        timer?.cancel()
        timer = nil
        this = nil
    }

    /// - Returns: the connection's number.
    func opened(_ handler: ConnectionHandler, from peer: PeerAddress) -> Int {
        let number = layer.opened(from: peer)
        connections[number] = handler
        return number
    }

    /// A CONNECT: who sent it is checked before the session layer sees it.
    func admit(
        _ packet: RawSpan, _ handler: ConnectionHandler, _ number: Int, certificateName: String?
    ) {
        let credentials: Credentials
        do throws(CodecError) { credentials = try Credentials.read(packet) } catch {
            // The session layer says what is wrong with it.
            receive(packet, on: number)
            return handler.admitted(layer.isConnected(number))
        }
        let copy = packet.withUnsafeBytes { Array($0) }
        authenticator.check(credentials, certificateName: certificateName, on: loop)
            .assumeIsolated().whenSuccess { [self] verdict in
                guard connections[number] === handler else { return }
                let reason: UInt8? =
                    switch verdict {
                    case .accepted: nil
                    case .badUserNameOrPassword: 0x86
                    case .notAuthorized: 0x87
                    case .busy: 0x89
                    }
                if let reason {
                    layer.refuse(
                        number, reason: reason, packet: copy.span.bytes, at: .now(), into: &outbox)
                } else {
                    receive(copy.span.bytes, on: number)
                }
                handler.admitted(layer.isConnected(number))
                turn()
            }
    }

    func receive(_ packet: RawSpan, on number: Int) {
        turn()
        let now = MonotonicTime.now()
        meter.received.count(packet)
        layer.receive(packet, on: number, intended: now, at: now, into: &outbox)
    }

    /// What a connection had sent was taken: while the loop is not busy it is stored and answered at once, and does not
    /// wait for what others sent.
    func taken() {
        pressure.noteRead()
        guard isTurning, !pressure.isHigh, store.commitInPlace() else { return }
        layer.takeSettled(at: .now(), into: &outbox)
        send()
    }

    /// Once all sockets that are ready were read, hands over what is to be stored and what is to be sent: a
    /// writer is woken once and a connection is written to once in a turn of the loop.
    private func turn() {
        guard !isTurning, let this else { return }
        isTurning = true
        store.hold()
        loop.execute { this.value.endTurn() }
    }

    private func endTurn() {
        isTurning = false
        pressure.endTurn()
        release()
        send()
    }

    private func release() {
        guard let wait = store.release(inPlace: !pressure.isHigh), !isReadingLater, let this
        else { return }
        isReadingLater = true
        loop.scheduleTask(in: .nanoseconds(wait.count)) {
            this.value.isReadingLater = false
            this.value.poll()
        }
    }

    /// Lets a connection go on after all others had their turn.
    func later(_ handler: ConnectionHandler) {
        waiting.append(handler)
        guard waiting.count == 1, let this else { return }
        loop.execute {
            var waiting: [ConnectionHandler] = []
            swap(&waiting, &this.value.waiting)
            for handler in waiting { handler.resume(.share) }
        }
    }

    func closed(_ number: Int) {
        guard connections.removeValue(forKey: number) != nil else { return }
        layer.closed(number, at: .now(), into: &outbox)
        turn()
    }

    func pause(_ number: Int) { layer.pause(number) }

    func resume(_ number: Int) {
        layer.resume(number, into: &outbox)
        turn()
    }

    func poll() {
        // What sessions ask for now is read like what they ask for in a turn.
        if !isTurning { store.hold() }
        defer { if !isTurning { release() } }
        let now = MonotonicTime.now()
        layer.poll(at: now, into: &outbox)
        // With acknowledgement on enqueue nobody is refused: there the messages are lost.
        brake.look(
            depth: store.depth, refusals: layer.counters.refused + (store.failure?.lost ?? 0),
            at: now)
        if !heldBack.isEmpty, !brake.isOn {
            var released: [ConnectionHandler] = []
            swap(&released, &heldBack)
            for handler in released {
                if let number = handler.number { layer.letGo(number, at: now) }
                handler.resume(.storage)
            }
        }
        send()
    }

    /// Whether who has just sent a PUBLISH of so many bytes is to wait.
    func mustWait(afterPublishing bytes: Int) -> Bool {
        brake.note(bytes)
        return brake.isOn || brake.isTooMuch(store.depth)
    }

    /// Takes no more of its messages until storage has caught up.
    func holdBack(_ handler: ConnectionHandler) {
        brake.hold()
        if let number = handler.number { layer.holdBack(number) }
        heldBack.append(handler)
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

    /// Nothing more is read from anybody.
    func holdAll() {
        isStopping = true
        for handler in connections.values { handler.pause(.stopping) }
    }

    /// Whether everything that was taken is stored and answered.
    var isSettled: Bool { layer.heldAnswers == 0 && store.depth == 0 && outbox.items.isEmpty }

    /// Tells everybody that the broker is going, and leaves what sessions have become to their tables.
    func leaveAll() {
        for number in connections.keys { layer.leave(number, at: .now(), into: &outbox) }
        layer.commitAllState()
        send()
    }

    /// Timers of the session layer (expiry, delayed wills) are looked at at least this often.
    private static let timerInterval = TimeAmount.milliseconds(50)
}
