internal import Measure
internal import Synchronization

/// Where the lanes' writers leave what they decided, and the session layer fetches it. One entry a commit
/// at most; equal outcomes of a lane are one entry unless their times are measured, so little piles up while nobody
/// fetches.
final class SettlementDesk: Sendable {
    private struct State: Sendable {
        /// Of each lane, oldest first.
        var lanes: [[Settlement]]
        var count = 0
    }

    private let state: SleepingMutex<State>
    /// Nobody waits for the outcome of messages that were acknowledged before.
    private let isNeeded: Bool

    /// - Parameter isNeeded: whether anybody waits for settlements at all.
    init(lanes: Int, isNeeded: Bool) {
        state = SleepingMutex(State(lanes: Array(repeating: [], count: lanes)))
        self.isNeeded = isNeeded
    }

    /// Decides everything of `lane` up to `position`.
    func settle(
        _ lane: Int, through position: Int, refusal: Refusal? = nil, commit: CommitTime? = nil
    ) {
        guard isNeeded else { return }
        state.withLock { state in
            let last = state.lanes[lane].count - 1
            if last >= 0,
                state.lanes[lane][last].extend(
                    through: position, refusal: refusal, commit: commit)
            {
                return
            }
            state.lanes[lane].append(
                Settlement(lane: lane, through: position, refusal: refusal, commit: commit))
            state.count += 1
        }
    }

    /// What was decided since the last call, each lane's in order.
    func take() -> [Settlement] {
        state.withLock { state in
            guard state.count > 0 else { return [] }
            var taken: [Settlement] = []
            taken.reserveCapacity(state.count)
            for lane in state.lanes.indices {
                taken.append(contentsOf: state.lanes[lane])
                state.lanes[lane].removeAll(keepingCapacity: true)
            }
            state.count = 0
            return taken
        }
    }
}
