internal import Broker
internal import Dispatch
internal import Layout
internal import Measure
internal import Replay
internal import Storage
internal import Synchronization
internal import Traffic

/// Replay and broker in one process, without sockets, through the codec: whole packets in, whole packets
/// out, on the replay's thread. Storage works on threads of its own and wakes it.
final class InProcessTransport: Transport {
    /// Set by storage's threads, taken by the replay's.
    private final class News: Sendable {
        let arrived = Atomic(false)
        let wake = DispatchSemaphore(value: 0)

        func announce() {
            if !arrived.exchange(true, ordering: .acquiringAndReleasing) { wake.signal() }
        }
    }

    private let broker: SessionLayer
    private let news = News()
    /// Filled by the broker while what was in it before is being handed over.
    private var filling = Outbox()
    private var leaving = Outbox()
    private var pollDue = MonotonicTime(nanoseconds: 0)
    /// Time spent in the session layer.
    private(set) var busy = Nanoseconds.zero

    init(_ broker: SessionLayer, store: any DurableStore) {
        self.broker = broker
        store.onNews { [news] in news.announce() }
    }

    func open(from endpoint: Endpoint, at now: MonotonicTime) -> Int {
        broker.opened(from: endpoint.peerAddress)
    }

    func send(_ packet: RawSpan, on connection: Int, intended: MonotonicTime) {
        let began = MonotonicTime.now()
        broker.receive(packet, on: connection, intended: intended, at: began, into: &filling)
        busy = busy + (.now() - began)
    }

    func close(_ connection: Int, at now: MonotonicTime) {
        let began = MonotonicTime.now()
        broker.closed(connection, at: now, into: &filling)
        busy = busy + (.now() - began)
    }

    func receive(
        at now: MonotonicTime,
        _ body: (_ connection: Int, _ packet: RawSpan, _ arrived: MonotonicTime) -> Void
    ) {
        if news.arrived.exchange(false, ordering: .acquiringAndReleasing) || now >= pollDue {
            let began = MonotonicTime.now()
            broker.poll(at: now, into: &filling)
            busy = busy + (.now() - began)
            pollDue = now + Self.pollInterval
        }
        // Answers to answers are handed over too, until nothing is left to say.
        while !filling.items.isEmpty {
            // Taken out, so that nobody else can change it meanwhile.
            var leaving = Outbox()
            swap(&leaving, &self.leaving)
            swap(&filling, &leaving)
            var answer = leaving.answers.startIndex
            for (place, item) in leaving.items.enumerated() {
                commit = nil
                if answer < leaving.answers.endIndex, leaving.answers[answer].item == place {
                    commit = leaving.answers[answer].commit
                    answer += 1
                }
                switch item {
                case .packet(let connection, let range):
                    body(connection, leaving.bytes.span.bytes.extracting(range), .now())
                case .close(let connection): body(connection, RawSpan(), .now())
                }
            }
            leaving.removeAll()
            swap(&leaving, &self.leaving)
        }
    }

    private(set) var commit: CommitTime?
    var isInside: Bool { true }

    func wait(until time: MonotonicTime) {
        let left = (time - .now()).count
        guard left > 0, !news.arrived.load(ordering: .acquiring) else { return }
        _ = news.wake.wait(timeout: .now() + .nanoseconds(Int(left)))
    }

    /// Timers of the session layer (expiry, delayed wills) are looked at at least this often.
    private static let pollInterval = Nanoseconds.milliseconds(50)
}

extension Endpoint {
    /// As storage notes it in every message.
    var peerAddress: PeerAddress {
        guard let peer = PeerAddress(bytes: address, port: port) else {
            preconditionFailure("an endpoint has 4 or 16 bytes of address")
        }
        return peer
    }
}
