internal import Glibc
internal import Storage
internal import Synchronization

/// What stands for the broker runs behind the generator, whose punctuality every figure rests on; among each
/// other its threads compete as they do in production.
enum Yielding {
    /// Makes the calling thread one of them, and with it every thread that it starts from now on
    /// (setpriority(2), "C library/kernel differences": a thread's own, inherited by clone(2)).
    static func begin() {
        setpriority(__priority_which_t(PRIO_PROCESS.rawValue), 0, RocksEngine.yieldingNice)
    }

    /// Opens a store whose threads are such ones.
    static func open(
        _ path: String, _ options: StoreOptions, on engine: RocksEngine
    ) throws(TrialError) -> ShardedStore {
        // Threads for flushes and compactions may be started by any thread that writes.
        engine.yieldThreads()
        let opened = Mutex<Result<ShardedStore, StoreOpenError>?>(nil)
        do throws(ThreadError) {
            let thread = try JoinedThread {
                begin()
                let result = Result { () throws(StoreOpenError) in
                    try ShardedStore(at: path, options, on: engine)
                }
                opened.withLock { $0 = result }
            }
            thread.join()
        } catch { throw .environment(error.description) }
        switch opened.withLock({ $0 }) {
        case .success(let store)?: return store
        case .failure(let error)?: throw .environment("\(error)")
        case nil: throw .environment("\(path): the store was not opened")
        }
    }
}
