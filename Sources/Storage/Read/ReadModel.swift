/// How one line of EMQX versions reads back what it stored.
package struct ReadModel: Sendable, Equatable {
    /// Workers that poll the streams of one shard.
    package var workersPerShard: Int
    /// Messages that a worker reads at most before it closes its iterators and answers.
    package var batch: Int
    /// Polls that may wait for one worker; what is beyond is left to expire.
    package var pendingPerWorker: Int
    /// A question for what comes next waits for it at once where all that came was read. EMQX has a worker look
    /// first, and so reads twice for every batch: once for what is there and once to find nothing behind it.
    package var parksAtOnce = false

    /// Defaults: EMQX 5.8 (reference 4.2), where the five workers are fixed in
    /// `emqx_ds_builtin_local_db_sup` and no setting reaches them.
    package init(workersPerShard: Int = 5, batch: Int = 100, pendingPerWorker: Int = 100_000) {
        precondition(workersPerShard > 0)
        precondition(batch > 0)
        precondition(pendingPerWorker > 0)
        self.workersPerShard = workersPerShard
        self.batch = batch
        self.pendingPerWorker = pendingPerWorker
    }
}
