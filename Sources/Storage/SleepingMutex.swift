internal import Glibc

/// A lock with what it guards, whose waiters sleep at once.
///
/// `Mutex` of the standard library spins before it sleeps, and then hands itself over through a futex with
/// priority inheritance. Where more threads run than there are cores, as sixteen writers on two, the holder is
/// often not running: whoever spins keeps its core from it. With one message to a batch that took a
/// third of the broker's time.
///
/// `@unchecked Sendable`: the value is touched only between `pthread_mutex_lock` and `pthread_mutex_unlock`, and
/// `sending` keeps the compiler from letting anything else have a way to it, before or after.
struct SleepingMutex<Value: ~Copyable>: ~Copyable, @unchecked Sendable {
    // At an address of its own, because a pthread mutex must not move.
    private let mutex = UnsafeMutablePointer<pthread_mutex_t>.allocate(capacity: 1)
    private let value: UnsafeMutablePointer<Value>

    init(_ initial: consuming sending Value) {
        let code = pthread_mutex_init(mutex, nil)
        precondition(code == 0, "a mutex without attributes needs nothing that could be missing")
        value = .allocate(capacity: 1)
        value.initialize(to: initial)
    }

    deinit {
        value.deinitialize(count: 1)
        value.deallocate()
        pthread_mutex_destroy(mutex)
        mutex.deallocate()
    }

    borrowing func withLock<Result: ~Copyable, Failure>(
        _ body: (inout sending Value) throws(Failure) -> sending Result
    ) throws(Failure) -> sending Result {
        pthread_mutex_lock(mutex)
        defer { pthread_mutex_unlock(mutex) }
        return try body(&value.pointee)
    }

    /// - Returns: nil, without having waited, if somebody else holds it.
    borrowing func withLockIfFree<Result>(
        _ body: (inout sending Value) -> sending Result
    ) -> sending Result? {
        guard pthread_mutex_trylock(mutex) == 0 else { return nil }
        defer { pthread_mutex_unlock(mutex) }
        return body(&value.pointee)
    }
}
