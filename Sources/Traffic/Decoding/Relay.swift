internal import Dispatch
internal import MQTT
internal import Synchronization

/// Tells another observer what it is told, in the same order and somewhat later, on another thread: so that what is
/// made of the packets and the decoding of those that follow share two cores.
///
/// What it holds is bounded. The other observer's `wantsMore` is not asked for: it is told everything.
struct Relay<Observer: TrafficObserver & SendableMetatype>: TrafficObserver {
    private let station: Station<Observer>
    private var batch = ToldBatch()

    init(_ observer: sending Observer) { station = Station(observer) }

    /// To be called once, when everything was told.
    /// - Returns: the other observer, which knows all of it now.
    consuming func end() -> Observer {
        handOver()
        return station.end()
    }

    mutating func opened(_ connection: Int, client: Endpoint, at time: Int64) {
        add(.opened(connection, client, time))
    }

    mutating func identified(_ connection: Int, clientID: String, at time: Int64) {
        add(.identified(connection, clientID, time))
    }

    mutating func received(_ packet: DecodedPacket, _ bytes: RawSpan) {
        let start = batch.bytes.count
        bytes.withUnsafeBytes { batch.bytes.append(contentsOf: $0) }
        add(.received(packet, start..<batch.bytes.count))
    }

    mutating func closed(
        _ connection: Int, version: ProtocolVersion, _ ending: Ending, at time: Int64
    ) {
        add(.closed(connection, version, ending, time))
    }

    private mutating func add(_ event: ToldBatch.Event) {
        batch.events.append(event)
        if batch.isFull { handOver() }
    }

    private mutating func handOver() {
        var next = station.spare()
        swap(&next, &batch)
        station.tell(next)
    }
}

/// What was told one after the other, with the bytes of all packets in one arena.
private struct ToldBatch: Sendable {
    enum Event: Sendable {
        case opened(Int, Endpoint, Int64)
        case identified(Int, String, Int64)
        case received(DecodedPacket, Range<Int>)
        case closed(Int, ProtocolVersion, Ending, Int64)
    }

    var events: [Event] = []
    var bytes: [UInt8] = []

    /// Large enough that handing over costs nothing, and small enough to stay in a core's cache.
    var isFull: Bool { events.count >= 512 || bytes.count >= 1 << 16 }

    func tell<Observer: TrafficObserver>(_ observer: inout Observer) {
        let bytes = bytes.span.bytes
        for event in events {
            switch event {
            case .opened(let connection, let client, let time):
                observer.opened(connection, client: client, at: time)
            case .identified(let connection, let clientID, let time):
                observer.identified(connection, clientID: clientID, at: time)
            case .received(let packet, let range):
                observer.received(packet, bytes.extracting(range))
            case .closed(let connection, let version, let ending, let time):
                observer.closed(connection, version: version, ending, at: time)
            }
        }
    }

    mutating func removeAll() {
        events.removeAll(keepingCapacity: true)
        bytes.removeAll(keepingCapacity: true)
    }
}

/// Where batches wait for the other observer.
private final class Station<Observer: TrafficObserver & SendableMetatype>: Sendable {
    private let observer: Mutex<Observer?>
    private let queue = DispatchQueue(label: "dstune.relay")
    private let room = DispatchSemaphore(value: 0)
    /// Batches that were told: their memory is used again.
    private let spares = Mutex<[ToldBatch]>([])

    /// Batches that may wait.
    private static var limit: Int { 4 }

    init(_ observer: sending Observer) {
        self.observer = Mutex(observer)
        for _ in 0..<Self.limit { room.signal() }
    }

    func spare() -> ToldBatch { spares.withLock { $0.popLast() } ?? ToldBatch() }

    /// Waits while too many wait.
    func tell(_ batch: ToldBatch) {
        room.wait()
        queue.async { [self] in
            var batch = batch
            observer.withLock { observer in
                guard var told = observer.take() else { return }
                batch.tell(&told)
                observer = told
            }
            batch.removeAll()
            spares.withLock { $0.append(batch) }
            room.signal()
        }
    }

    /// Waits until everything was told.
    func end() -> Observer {
        queue.sync {
            guard let observer = observer.withLock({ $0.take() }) else {
                preconditionFailure("a relay ends once")
            }
            return observer
        }
    }
}
