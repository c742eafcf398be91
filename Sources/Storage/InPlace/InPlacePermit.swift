internal import Measure
internal import Synchronization

/// Whether work is done on the thread that brings it: not for a while after it took that thread too long, since others
/// wait for it.
final class InPlacePermit: Sendable {
    private let longest: Nanoseconds
    private let pause: Nanoseconds
    private let apart: Nanoseconds
    /// It is withdrawn until then, in nanoseconds of the monotonic clock.
    private let from = Atomic<Int64>(0)
    /// When the last use will be long enough ago, likewise.
    private let next = Atomic<Int64>(0)

    /// - Parameters:
    ///   - longest: what the work may take.
    ///   - pause: how long the permit is withdrawn.
    ///   - apart: from the beginning of one use to that of the next, for work that gathers; `wait` says what is
    ///     left of it.
    init(longest: Nanoseconds, pause: Nanoseconds, apart: Nanoseconds = .zero) {
        (self.longest, self.pause, self.apart) = (longest, pause, apart)
    }

    /// How long it is until the last use is long enough ago; nil if it is.
    var wait: Nanoseconds? {
        let left = MonotonicTime(nanoseconds: next.load(ordering: .relaxed)) - .now()
        return left > .zero ? left : nil
    }

    /// Does `work` if that is permitted.
    /// - Parameter work: says whether it was more than it was thought to be.
    /// - Returns: whether it was done.
    @discardableResult
    func use(_ work: () -> Bool) -> Bool {
        let began = MonotonicTime.now()
        guard began.nanoseconds >= from.load(ordering: .relaxed) else { return false }
        let wasTooMuch = work()
        let ended = MonotonicTime.now()
        if wasTooMuch || ended - began > longest {
            from.store((ended + pause).nanoseconds, ordering: .relaxed)
        }
        next.store((began + apart).nanoseconds, ordering: .relaxed)
        return true
    }
}
