internal import Dispatch
internal import Synchronization

/// EMQX's dirty I/O schedulers: so many shards are inside RocksDB or file I/O at once, the others queue
/// (reference 2.4).
final class DiskGate: Sendable {
    private let places: DispatchSemaphore
    private let inside = Atomic<Int>(0)
    private let mostInside = Atomic<Int>(0)

    init(places count: Int) { places = DispatchSemaphore(value: count) }

    func enter() {
        places.wait()
        entered()
    }

    /// - Returns: false, without having waited, if there is no place.
    func enterAtOnce() -> Bool {
        guard places.wait(timeout: .now()) == .success else { return false }
        entered()
        return true
    }

    private func entered() {
        let now = inside.add(1, ordering: .relaxed).newValue
        mostInside.max(now, ordering: .relaxed)
    }

    func leave() {
        inside.subtract(1, ordering: .relaxed)
        places.signal()
    }

    /// The most that were inside at once so far.
    var most: Int { mostInside.load(ordering: .relaxed) }
}
