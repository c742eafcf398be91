internal import Dispatch
internal import Glibc
package import Measure
package import Replay
internal import Synchronization

/// Kills a broker in the middle of a replay and starts it again on what it left.
///
/// The kill is the replay's own thread's doing: every acknowledgement that its ledger has was read before the ledger
/// notes the kill or was sent before it. The start has a thread of its own, so that the schedule goes on meanwhile.
package final class BrokerCrash {
    /// Shared with the thread that starts the broker again.
    private final class Restart: Sendable {
        let broker: Mutex<BrokerProcess>
        let outcome = Mutex<Result<MonotonicTime, TrialError>?>(nil)

        init(_ broker: sending BrokerProcess) { self.broker = Mutex(broker) }

        func begin() {
            DispatchQueue(label: "broker restart").async { [self] in
                let result = broker.withLock { broker in
                    Result { () throws(TrialError) in
                        try broker.start()
                        return MonotonicTime.now()
                    }
                }
                outcome.withLock { $0 = result }
            }
        }
    }

    private enum State {
        case before
        case starting
        case after
        case failed(String)
    }

    private let restart: Restart
    private let ledger: Ledger
    private let due: MonotonicTime
    private var state = State.before

    /// - Parameters:
    ///   - broker: runs.
    ///   - due: when it is killed, at the first look from then on.
    package init(of broker: sending BrokerProcess, at due: MonotonicTime, ledger: Ledger) {
        restart = Restart(broker)
        (self.due, self.ledger) = (due, ledger)
    }

    /// Whether it has been killed and accepts again.
    package var isOver: Bool {
        if case .after = state { true } else { false }
    }

    /// Whether it has been killed and does not accept yet.
    package var isUnderWay: Bool {
        if case .starting = state { true } else { false }
    }

    /// Often, from the replay's thread: kills when it is time, notes when the broker is there again, and sees it if it
    /// ends by itself.
    /// - Returns: why the replay cannot go on, if so.
    package func look(at now: MonotonicTime) -> String? {
        switch state {
        case .before where now >= due:
            do throws(TrialError) {
                try restart.broker.withLock { broker throws(TrialError) in try broker.kill() }
            } catch {
                state = .failed("\(error)")
                return "\(error)"
            }
            ledger.killed(at: now)
            ledger.restarted(at: .now())
            restart.begin()
            state = .starting
            return nil
        case .starting:
            switch restart.outcome.withLock({ $0 }) {
            case .success(let time)?:
                ledger.accepting(at: time)
                state = .after
                return nil
            case .failure(let error)?:
                state = .failed("the killed broker did not start again: \(error)")
                return look(at: now)
            case nil: return nil
            }
        case .failed(let reason): return reason
        case .before, .after:
            guard let reason = unexpectedEnd else { return nil }
            state = .failed(reason)
            return reason
        }
    }

    /// What to say if the broker has ended by itself, before it was killed or after it was started again.
    package var unexpectedEnd: String? {
        if case .starting = state { nil } else { restart.broker.withLock { $0.unexpectedEnd } }
    }

    /// Waits until the broker is there again, if it was killed.
    /// - Returns: why it is not, if so.
    package func wait(until deadline: MonotonicTime) -> String? {
        while case .starting = state {
            guard MonotonicTime.now() < deadline else {
                return "the killed broker was not there again in time"
            }
            usleep(5_000)
            if let reason = look(at: .now()) { return reason }
        }
        return nil
    }

    /// - Throws: `.environment` also if it has ended by itself.
    package func stop() throws(TrialError) {
        if let reason = unexpectedEnd { throw .environment(reason) }
        try restart.broker.withLock { broker throws(TrialError) in try broker.stop() }
    }
}
