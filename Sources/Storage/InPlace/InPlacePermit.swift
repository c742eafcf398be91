internal import Measure
internal import Synchronization

/// Whether work is done on the thread that brings it: not while it comes thick and fast, and not for a while after it took
/// that thread too long, since others wait for it.
final class InPlacePermit: Sendable {
    private let longest: Nanoseconds
    private let pause: Nanoseconds
    private let apart: Nanoseconds
    /// In nanoseconds of the monotonic clock.
    private let from = Atomic<Int64>(0)

    /// - Parameters:
    ///   - longest: what the work may take.
    ///   - pause: how long the permit is withdrawn.
    ///   - apart: work that comes sooner after the last is left to others.
    init(longest: Nanoseconds, pause: Nanoseconds, apart: Nanoseconds = .zero) {
        (self.longest, self.pause, self.apart) = (longest, pause, apart)
    }

    /// Does `work` if that is permitted, and asks it whether it was more than it was thought to be.
    /// - Returns: what was done; nil if nothing was.
    func use<Result>(_ work: () -> (done: Result, wasTooMuch: Bool)) -> Result? {
        let began = MonotonicTime.now()
        let from = from.load(ordering: .relaxed)
        guard began.nanoseconds >= from else {
            put(max(MonotonicTime(nanoseconds: from), began + apart))
            return nil
        }
        let (done, wasTooMuch) = work()
        let ended = MonotonicTime.now()
        put(wasTooMuch || ended - began > longest ? ended + pause : began + apart)
        return done
    }

    private func put(_ time: MonotonicTime) { from.store(time.nanoseconds, ordering: .relaxed) }
}
