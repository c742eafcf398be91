package import Measure
internal import Synchronization

/// What an event loop does itself while it has little to do. To wake a thread for one message takes several times as
/// long as to store it, and the thread that is woken needs a core that others may have.
extension ShardedStore {
    package func hold() {
        holdsWakes.store(true, ordering: .relaxed)
        if readsInPlace { state.polls.hold() }
    }

    /// Where EMQX reads, it is with workers of its own.
    private var readsInPlace: Bool { state.options.engine.reading.parksAtOnce }

    package func commitInPlace() -> Bool {
        var left = Self.mostMessages.turn
        commits.use {
            owed.forEach(of: seats.count) { shard in
                left -= seats[shard].commitInPlace(atMost: min(left, Self.mostMessages.shard))
            }
            return false
        }
        return left < Self.mostMessages.turn
    }

    @discardableResult
    package func release(inPlace: Bool) -> Nanoseconds? {
        holdsWakes.store(false, ordering: .relaxed)
        if inPlace { _ = commitInPlace() }
        owed.forEach(of: seats.count) { seats[$0].release() }
        owed.clear()
        guard readsInPlace else { return nil }
        if inPlace, state.polls.owesWake {
            if let wait = reads.wait { return wait }
            reads.use { !reader.workInPlace(atMost: Self.longestRead) }
        }
        state.polls.release()
        return nil
    }

    /// Messages of a shard, and of all, that are committed in place: less than a millisecond of work. What is more is a
    /// busy broker's, and its writers' threads share it among the cores.
    private static let mostMessages = (shard: 8, turn: 128)
    /// How long is read in place: two dozen messages of a dozen streams take half of it, and a session that has much to
    /// catch up with is better off with the readers.
    private static let longestRead = Nanoseconds.microseconds(300)
}
