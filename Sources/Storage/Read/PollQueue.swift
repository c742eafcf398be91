internal import Dispatch
internal import Layout
internal import Measure
internal import Synchronization

/// Where polls wait: for a worker, and, when there was nothing for them, for a commit that touches one of
/// their streams or for their time to be over (reference 4.2). Polls that ask for the same messages wait for
/// a worker together and are read for together.
final class PollQueue: Sendable {
    /// What a worker is to do.
    struct Work: Sendable {
        let shard: Int
        let cursor: StreamCursor
        let polls: [Poll]
    }

    private struct Shard {
        /// Polls that wait for a worker, by what they ask for, in the order in which that was first asked.
        var groups: [StreamCursor: [Poll]] = [:]
        var order = Queue<StreamCursor>()
        var pending = 0
        /// Workers that are reading for it.
        var working = 0
        /// Numbers of the parked polls that wait for a stream.
        var waiting: [StreamAddress: Set<Int>] = [:]
        /// Timestamp (µs) of the last commit.
        var latest: UInt64 = 0
        /// That of the last commit with something for a stream, of those that had one. For `parksAtOnce` only.
        var latestOf: [StreamAddress: UInt64] = [:]
        /// The generation that takes messages; those before it have ended.
        var generation = 1
    }

    private struct State {
        var shards: [Shard]
        /// Polls that wait for a commit, by number.
        var parked: [Int: Poll] = [:]
        var lastNumber = 0
        var timetable = Timetable()
        /// Workers that sleep and that nobody has woken yet.
        var idle = 0
        /// One was woken and has not looked for work yet. It wakes the next one if there is more than it takes.
        var isOneComing = false
        /// Workers to wake once the lock is let go: one that is woken under it would only wait for it.
        var waking = 0
        /// A worker was to be woken while that was held.
        var owesWake = false
        /// The shard that is looked at first for work, so that a busy one does not starve the others.
        var turn = 0
        var answers: [ReadReply] = []
        var counters = ReadCounters()
        var damaged: Set<StreamCursor> = []
        var isStopped = false
    }

    private let model: ReadModel
    /// Workers are not woken: `release` will see to what comes.
    private let holdsWakes = Atomic(false)
    private let state: SleepingMutex<State>
    /// Work to do, or the end.
    private let work = DispatchSemaphore(value: 0)
    /// An earlier deadline than those before, or the end.
    private let time = DispatchSemaphore(value: 0)

    init(shards: Int, _ model: ReadModel) {
        self.model = model
        state = SleepingMutex(State(shards: Array(repeating: Shard(), count: shards)))
    }

    var counters: ReadCounters { state.withLock { $0.counters } }

    /// Polls that wait for a commit.
    var parkedCount: Int { state.withLock { $0.parked.count } }

    /// Threads that are in it return; what waits stays unanswered.
    /// - Parameter threads: how many may be in `take`.
    func stop(threads: Int) {
        state.withLock { $0.isStopped = true }
        for _ in 0..<threads { work.signal() }
        time.signal()
    }

    // Askers

    /// - Returns: whether it is answered already.
    func ask(_ request: ReadRequest) -> Bool {
        let poll = Poll(request, at: .now())
        return change { state in
            state.counters.pollRequests += 1
            let limit = model.pendingPerWorker * model.workersPerShard
            if poll.cursor == nil {
                answer(poll, .read, in: &state)
                return true
            }
            if poll.deadline != nil, state.shards[request.shard].pending >= limit {
                // EMQX drops it, and the session asks again when its time is over.
                state.counters.pollsDropped += 1
                _ = park(poll, in: &state)
                return false
            }
            if model.parksAtOnce, poll.deadline != nil, nothingCame(for: poll, in: state) {
                wait(poll, in: &state)
            } else {
                enqueue(poll, in: &state)
            }
            return false
        }
    }

    /// Every stream that it asks for was read up to the last commit that had something for it.
    private func nothingCame(for poll: Poll, in state: borrowing State) -> Bool {
        poll.cursors.allSatisfy { cursor in
            guard !cursor.isBounded,
                cursor.address.generation == state.shards[poll.request.shard].generation,
                let latest = state.shards[poll.request.shard].latestOf[cursor.address]
            else { return false }
            return latest <= cursor.after
        }
    }

    func takeReplies() -> [ReadReply] {
        state.withLock { state in
            guard !state.answers.isEmpty else { return [] }
            defer { state.answers = [] }
            return state.answers
        }
    }

    // Writers

    /// Messages were committed: wakes the polls that wait for one of `streams`.
    /// - Parameters:
    ///   - streams: of each message, in any order.
    ///   - latest: timestamp (µs) of the last one.
    func committed(_ streams: [StreamID], latest: UInt64, generation: Int, in shard: Int) {
        change { state in
            state.shards[shard].latest = latest
            guard model.parksAtOnce || !state.shards[shard].waiting.isEmpty else { return }
            var last: StreamID?
            for stream in streams where stream != last {
                last = stream
                let address = StreamAddress(stream: stream, generation: generation)
                if model.parksAtOnce { state.shards[shard].latestOf[address] = latest }
                wake(address, of: shard, in: &state)
            }
        }
    }

    /// `generation` takes the messages of `shard` from now on: wakes the polls that wait for an older one, since
    /// nothing is to come to it.
    func began(_ generation: Int, in shard: Int) {
        change { state in
            state.shards[shard].generation = generation
            state.shards[shard].latestOf = [:]
            let ended = state.shards[shard].waiting.keys.filter { $0.generation < generation }
            for address in ended { wake(address, of: shard, in: &state) }
        }
    }

    private func wake(_ address: StreamAddress, of shard: Int, in state: inout State) {
        guard let numbers = state.shards[shard].waiting.removeValue(forKey: address) else { return }
        for number in numbers.sorted() {
            guard var poll = unpark(number, in: &state) else { continue }
            poll.restart()
            enqueue(poll, in: &state)
        }
    }

    // Workers

    /// Waits for work.
    /// - Returns: nil at the end.
    func take(_ pace: inout WakePace) -> Work? {
        var wasWoken = false
        while true {
            let hasCome = wasWoken
            let next: Work?? = change { state in
                if hasCome { state.isOneComing = false }
                if state.isStopped { return .some(nil) }
                if let next = nextWork(&state) {
                    // A shard may have become free for another worker with this one's return.
                    if hasWork(state) { wakeWorker(&state) }
                    return .some(next)
                }
                state.idle += 1
                return .none
            }
            if let next { return next }
            work.wait()
            if model.parksAtOnce { pace.woken() }
            wasWoken = true
        }
    }

    /// Until `release` no worker is woken.
    func hold() { holdsWakes.store(true, ordering: .relaxed) }

    /// Wakes a worker if one was to be woken since `hold` and there is still something for it to do.
    func release() {
        holdsWakes.store(false, ordering: .relaxed)
        change { state in
            guard state.owesWake else { return }
            state.owesWake = false
            if hasWork(state) { wakeWorker(&state) }
        }
    }

    /// Whether a worker was to be woken since `hold`.
    var owesWake: Bool { state.withLock { $0.owesWake } }

    /// Between `hold` and `release`.
    /// - Returns: what no worker was woken for yet.
    func takeHeld() -> Work? { change { $0.owesWake ? nextWork(&$0) : nil } }

    /// What was taken was not done: somebody else is to do it.
    func putBack(_ work: Work) {
        change { state in
            state.shards[work.shard].working -= 1
            for poll in work.polls { enqueue(poll, in: &state) }
        }
    }

    private func wakeWorker(_ state: inout State) {
        if holdsWakes.load(ordering: .relaxed) { return state.owesWake = true }
        guard state.idle > 0, !state.isOneComing else { return }
        state.isOneComing = true
        state.idle -= 1
        state.waking += 1
    }

    /// Runs `body` under the lock, and wakes afterwards whom it wanted woken.
    private func change<Result>(_ body: (inout sending State) -> sending Result) -> sending Result {
        var waking = 0
        let result = state.withLock { state in
            let result = body(&state)
            swap(&waking, &state.waking)
            return result
        }
        for _ in 0..<waking { work.signal() }
        return result
    }

    private func hasWork(_ state: borrowing State) -> Bool {
        state.shards.contains {
            $0.working < model.workersPerShard && $0.order.first != nil
        }
    }

    private func nextWork(_ state: inout State) -> Work? {
        for step in state.shards.indices {
            let number = (state.turn + step) % state.shards.count
            guard state.shards[number].working < model.workersPerShard,
                let cursor = state.shards[number].order.popFirst()
            else { continue }
            let polls = state.shards[number].groups.removeValue(forKey: cursor) ?? []
            state.shards[number].pending -= polls.count
            state.shards[number].working += 1
            state.counters.workersMax = max(
                state.counters.workersMax, state.shards[number].working)
            state.turn = number + 1
            return Work(shard: number, cursor: cursor, polls: polls)
        }
        return nil
    }

    /// Takes back the polls of a work that is done: answers them, queues them again or parks them.
    /// - Returns: the damage that was not known before, and whether anything was answered.
    func finish(
        _ work: Work, _ scan: StreamScan, _ outcome: ReadReply.Outcome
    ) -> (damage: [StreamScan.Damage], hasAnswered: Bool) {
        change { state in
            state.shards[work.shard].working -= 1
            state.counters.add(scan.counters)
            let before = state.answers.count
            for poll in scan.polls { settle(poll, scan, outcome, in: &state) }
            let unknown = scan.damage.filter {
                let address = work.cursor.address
                return state.damaged.insert(
                    StreamCursor(
                        stream: address.stream, generation: address.generation,
                        after: $0.timestamp)
                ).inserted
            }
            return (unknown, state.answers.count > before)
        }
    }

    private func settle(
        _ poll: Poll, _ scan: StreamScan, _ outcome: ReadReply.Outcome, in state: inout State
    ) {
        if outcome != .read || poll.room == 0 { return answer(poll, outcome, in: &state) }
        if poll.cursor != nil {
            // The next stream, or more of this one; but an answer is not kept back for another batch.
            return poll.isEmpty || scan.hasEnded
                ? enqueue(poll, in: &state) : answer(poll, .read, in: &state)
        }
        guard poll.isEmpty, let deadline = poll.deadline, !poll.isBounded else {
            return answer(poll, .read, in: &state)
        }
        if deadline <= .now() {
            state.counters.pollsExpired += 1
            answer(poll, .read, in: &state)
        } else if state.shards[poll.request.shard].latest > scan.horizon
            || poll.isBehind(state.shards[poll.request.shard].generation)
        {
            // Something came, or its generation ended, after the scan had begun: nobody will wake it for that.
            var poll = poll
            poll.restart()
            enqueue(poll, in: &state)
        } else {
            wait(poll, in: &state)
        }
    }

    /// Parks it until a commit touches one of its streams.
    private func wait(_ poll: Poll, in state: inout State) {
        let number = park(poll, in: &state)
        for cursor in poll.cursors {
            state.shards[poll.request.shard].waiting[cursor.address, default: []].insert(number)
        }
    }

    // Time

    /// Answers polls whose time is over, until the end.
    /// - Parameter announce: called when there are answers.
    func keepTime(_ announce: () -> Void) {
        while true {
            let (next, expired): (MonotonicTime??, Int) = state.withLock { state in
                if state.isStopped { return (nil, 0) }
                let now = MonotonicTime.now()
                var expired = 0
                while let next = state.timetable.first {
                    // Those that were woken meanwhile must not wake this thread one by one.
                    guard next.deadline <= now || state.parked[next.number] == nil else { break }
                    state.timetable.removeFirst()
                    guard let poll = unpark(next.number, in: &state) else { continue }
                    expired += 1
                    state.counters.pollsExpired += 1
                    answer(poll, .read, in: &state)
                }
                return (.some(state.timetable.first?.deadline), expired)
            }
            if expired > 0 { announce() }
            guard let next else { return }
            guard let next else {
                time.wait()
                continue
            }
            let left = (next - .now()).count
            if left > 0 { _ = time.wait(timeout: .now() + .nanoseconds(Int(left))) }
        }
    }

    // With the lock held

    private func answer(_ poll: Poll, _ outcome: ReadReply.Outcome, in state: inout State) {
        if !poll.isEmpty { state.counters.pollsFulfilled += 1 }
        state.answers.append(poll.reply(outcome))
    }

    private func enqueue(_ poll: Poll, in state: inout State) {
        guard let cursor = poll.cursor else { preconditionFailure("it has been read to its end") }
        let shard = poll.request.shard
        state.shards[shard].pending += 1
        if state.shards[shard].groups[cursor] == nil {
            state.shards[shard].order.append(cursor)
            wakeWorker(&state)
        }
        state.shards[shard].groups[cursor, default: []].append(poll)
    }

    /// - Returns: the number that it has while it is parked.
    private func park(_ poll: Poll, in state: inout State) -> Int {
        state.lastNumber += 1
        let number = state.lastNumber
        state.parked[number] = poll
        if let deadline = poll.deadline, state.timetable.insert(number, at: deadline) {
            time.signal()
        }
        return number
    }

    private func unpark(_ number: Int, in state: inout State) -> Poll? {
        guard let poll = state.parked.removeValue(forKey: number) else { return nil }
        let shard = poll.request.shard
        for cursor in poll.cursors {
            state.shards[shard].waiting[cursor.address]?.remove(number)
            if state.shards[shard].waiting[cursor.address]?.isEmpty == true {
                state.shards[shard].waiting[cursor.address] = nil
            }
        }
        return poll
    }
}
