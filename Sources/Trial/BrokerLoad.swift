internal import Glibc
package import Measure
package import Storage
internal import Synchronization

/// Burns the CPU that the modelled broker spends on each stored message and this one does not, so that
/// flushes and compactions do not get cores that production has not.
///
/// One thread for each core, as Erlang has schedulers, each with an equal share. What cannot be burned in
/// time is owed and burned later: in production that work would wait too.
package final class BrokerLoad: Sendable {
    /// How often a thread looks for new messages.
    private static let interval = Nanoseconds.milliseconds(1)
    /// Burned at most before the next look, so that `stop` is soon heard.
    private static let slice = Nanoseconds.milliseconds(5)

    private let perMessage: Nanoseconds
    private let messages: @Sendable () -> Int
    private let threads: Int
    private let burnedNanoseconds = Atomic<Int64>(0)
    private let stopped = Atomic(false)
    private let running = Mutex<[JoinedThread]>([])

    /// - Parameters:
    ///   - perMessage: CPU time; nothing is started for zero.
    ///   - messages: how many messages there were so far; called from the threads of the load.
    package init(
        perMessage: Nanoseconds, threads: Int, of messages: @escaping @Sendable () -> Int
    ) {
        precondition(threads >= 1)
        self.perMessage = perMessage
        self.threads = threads
        self.messages = messages
    }

    /// CPU time burned so far.
    package var burned: Nanoseconds { Nanoseconds(burnedNanoseconds.load(ordering: .relaxed)) }

    /// CPU time that messages have cost and that is not burned yet.
    package var owed: Nanoseconds {
        max(.zero, cost - burned)
    }

    private var cost: Nanoseconds { Nanoseconds(perMessage.count * Int64(messages())) }

    /// - Throws: when the system has no room for another thread.
    package func start() throws(ThreadError) {
        guard perMessage > .zero else { return }
        for _ in 0..<threads {
            let thread = try JoinedThread { [self] in run() }
            running.withLock { $0.append(thread) }
        }
    }

    /// Ends the threads and waits for them.
    package func stop() {
        stopped.store(true, ordering: .releasing)
        let threads = running.withLock { running in
            defer { running = [] }
            return running
        }
        for thread in threads { thread.join() }
    }

    private func run() {
        Yielding.begin()
        var mine = Nanoseconds.zero
        while !stopped.load(ordering: .acquiring) {
            let share = Nanoseconds(cost.count / Int64(threads))
            guard share > mine else {
                usleep(UInt32(Self.interval.count / 1_000))
                continue
            }
            let part = min(share - mine, Self.slice)
            burn(part)
            mine = mine + part
            burnedNanoseconds.add(part.count, ordering: .relaxed)
        }
    }

    /// Uses up CPU time of this thread; being preempted does not count.
    private func burn(_ time: Nanoseconds) {
        let end = Self.threadTime() + time
        while Self.threadTime() < end {}
    }

    private static func threadTime() -> Nanoseconds {
        var time = timespec()
        clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time)
        return Nanoseconds(Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec))
    }
}
