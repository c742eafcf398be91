internal import Dispatch
internal import Measure
internal import MQTT
internal import Synchronization

/// What goes between the replay's thread and the event loop that owns the sockets. Each side gathers and hands over
/// whole batches; the buffers go round, so that in the steady state nothing is allocated.
final class Mail: Sendable {
    /// What the replay wants done, in order.
    struct Outgoing: Sendable {
        enum Kind: Sendable {
            case open, close
            /// As many of the batch's bytes as follow those before.
            case packet(PacketType, count: Int)
        }

        struct Item: Sendable {
            let connection: Int
            let kind: Kind
            /// When it was handed over.
            let queued: MonotonicTime
        }

        var items: [Item] = []
        var bytes: [UInt8] = []

        mutating func removeAll() {
            items.removeAll(keepingCapacity: true)
            bytes.removeAll(keepingCapacity: true)
        }
    }

    /// What came from the target, in order.
    struct Arrivals: Sendable {
        struct Item: Sendable {
            let connection: Int
            /// When its last byte was read.
            let time: MonotonicTime
            /// As many of the batch's bytes as follow those before; 0 if the connection has ended.
            let count: Int
        }

        var items: [Item] = []
        var bytes: [UInt8] = []

        mutating func removeAll() {
            items.removeAll(keepingCapacity: true)
            bytes.removeAll(keepingCapacity: true)
        }
    }

    /// Bytes that may wait for the replay before no more are read.
    private static let fullBytes = 64 << 20

    private let outgoing = Mutex(Outgoing())
    private let arrivals = Mutex(Arrivals())
    private let isNews = Atomic(false)
    private let wake = DispatchSemaphore(value: 0)
    private let faults = Mutex((tally: FaultTally(), last: TransportFault?.none))
    /// Bytes that were handed over and that the kernel has not taken.
    let unsentBytes = Atomic(0)
    /// Packets and bytes of connections that had ended before they could be written.
    let cutOff = Atomic(0)

    // The replay's side.

    /// - Returns: whether nothing waited, so that the event loop has to be told.
    func post(_ batch: inout Outgoing) -> Bool {
        outgoing.withLock { waiting in
            guard waiting.items.isEmpty else {
                waiting.items += batch.items
                waiting.bytes += batch.bytes
                batch.removeAll()
                return false
            }
            swap(&waiting, &batch)
            return true
        }
    }

    var hasNews: Bool { isNews.load(ordering: .acquiring) }

    /// - Parameter batch: empty; gets what has arrived.
    /// - Returns: whether so much waited that nothing more was read.
    func collect(_ batch: inout Arrivals) -> Bool {
        guard isNews.exchange(false, ordering: .acquiringAndReleasing) else { return false }
        arrivals.withLock { swap(&$0, &batch) }
        return batch.bytes.count >= Self.fullBytes
    }

    func wait(until time: MonotonicTime) {
        let left = (time - .now()).count
        guard left > 0, !hasNews else { return }
        _ = wake.wait(timeout: .now() + .nanoseconds(Int(left)))
    }

    // The event loop's side.

    /// - Parameter batch: empty; gets what waits.
    func take(_ batch: inout Outgoing) { outgoing.withLock { swap(&$0, &batch) } }

    /// - Returns: whether so much waits that nothing more is to be read.
    func arrived(_ items: [Arrivals.Item], _ bytes: RawSpan) -> Bool {
        let isFull = arrivals.withLock { batch in
            batch.items += items
            bytes.withUnsafeBytes { batch.bytes.append(contentsOf: $0) }
            return batch.bytes.count >= Self.fullBytes
        }
        announce()
        return isFull
    }

    func ended(_ connection: Int) {
        arrivals.withLock { $0.items.append(.init(connection: connection, time: .now(), count: 0)) }
        announce()
    }

    private func announce() {
        if !isNews.exchange(true, ordering: .acquiringAndReleasing) { wake.signal() }
    }

    // Both.

    func note(_ fault: TransportFault) {
        faults.withLock {
            $0.tally.add(fault)
            $0.last = fault
        }
    }

    var tally: FaultTally { faults.withLock { $0.tally } }
    var lastFault: TransportFault? { faults.withLock { $0.last } }
}
