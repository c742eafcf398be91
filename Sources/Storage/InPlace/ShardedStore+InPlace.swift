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
        let committed = commits.use {
            var left = Self.mostMessages.turn
            owed.forEach(of: seats.count) { shard in
                left -= seats[shard].commitInPlace(atMost: min(left, Self.mostMessages.shard))
            }
            return (Self.mostMessages.turn - left, wasTooMuch: false)
        }
        return committed ?? 0 > 0
    }

    package func release(inPlace: Bool) {
        holdsWakes.store(false, ordering: .relaxed)
        if inPlace { _ = commitInPlace() }
        owed.forEach(of: seats.count) { seats[$0].release() }
        owed.clear()
        guard readsInPlace else { return }
        if inPlace, state.polls.owesWake {
            _ = reads.use {
                let wasAllInMemory = reader.workInPlace(atMost: Self.mostStreams)
                return ((), wasTooMuch: !wasAllInMemory)
            }
        }
        state.polls.release()
    }

    /// Messages of a shard, and of all, that are committed in place: less than a millisecond of work. What is more is a
    /// busy broker's, and its writers' threads share it among the cores.
    private static let mostMessages = (shard: 8, turn: 128)
    /// Streams that are visited in place, for the polls that waited for what was committed.
    private static let mostStreams = 16
}
