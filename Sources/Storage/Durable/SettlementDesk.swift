internal import Measure
internal import Synchronization

/// Where the lanes' writers leave what they decided, and the session layer fetches it. One entry a commit
/// at most; equal outcomes of a lane are one entry unless their times are measured, so little piles up while nobody
/// fetches.
final class SettlementDesk: Sendable {
    private struct State: Sendable {
        /// In the order in which they were decided.
        var settlements: [Settlement] = []
        /// Where the last one of each lane is in `settlements`; -1 where there is none.
        var last: [Int]
    }

    private let state: SleepingMutex<State>
    /// Nobody waits for the outcome of messages that were acknowledged before.
    private let isNeeded: Bool

    /// - Parameter isNeeded: whether anybody waits for settlements at all.
    init(lanes: Int, isNeeded: Bool) {
        state = SleepingMutex(State(last: Array(repeating: -1, count: lanes)))
        self.isNeeded = isNeeded
    }

    /// Decides everything of `lane` up to `position`.
    func settle(
        _ lane: Int, through position: Int, refusal: Refusal? = nil, commit: CommitTime? = nil
    ) {
        guard isNeeded else { return }
        state.withLock { state in
            let last = state.last[lane]
            if last >= 0,
                state.settlements[last].extend(
                    through: position, refusal: refusal, commit: commit)
            {
                return
            }
            state.last[lane] = state.settlements.count
            state.settlements.append(
                Settlement(lane: lane, through: position, refusal: refusal, commit: commit))
        }
    }

    /// What was decided since the last call, each lane's in order.
    func take() -> [Settlement] {
        state.withLock { state in
            var taken: [Settlement] = []
            swap(&taken, &state.settlements)
            for settlement in taken { state.last[settlement.lane] = -1 }
            return taken
        }
    }
}
