/// What readers did since the store was opened. The first seven are EMQX's
/// `emqx_ds_storage_skipstream_lts_*`, the polls its `emqx_ds_poll_*` (reference 5.1).
package struct ReadCounters: Sendable, Equatable {
    /// Iterators moved to a key.
    package var seeks = 0
    /// Iterators moved by one row.
    package var nexts = 0
    /// Messages that the index led to and whose topic is wanted.
    package var hits = 0
    /// Levels of the index that disagreed about the next message.
    package var misses = 0
    /// Messages that the index led to and whose topic is not wanted.
    package var hashCollisions = 0
    /// Scans that ended at a message newer than what was committed when they began.
    package var futures = 0
    /// Scans that ended because there were no more rows.
    package var endsOfStream = 0

    /// Rows of messages that were looked at.
    package var dataRows = 0
    /// Rows of the index that were looked at.
    package var indexRows = 0
    /// Messages that could not be decoded and were passed over.
    package var damaged = 0

    /// Times that a set of iterators was opened and closed again.
    package var scans = 0
    /// Polls that scans served, each scan counted with all that it served.
    package var served = 0

    /// The most workers that read for one shard at the same time.
    package var workersMax = 0

    package var pollRequests = 0
    package var pollsFulfilled = 0
    package var pollsExpired = 0
    package var pollsDropped = 0

    package init() {}

    mutating func add(_ other: ReadCounters) {
        seeks += other.seeks
        nexts += other.nexts
        hits += other.hits
        misses += other.misses
        hashCollisions += other.hashCollisions
        futures += other.futures
        endsOfStream += other.endsOfStream
        dataRows += other.dataRows
        indexRows += other.indexRows
        damaged += other.damaged
        scans += other.scans
        served += other.served
        workersMax = max(workersMax, other.workersMax)
        pollRequests += other.pollRequests
        pollsFulfilled += other.pollsFulfilled
        pollsExpired += other.pollsExpired
        pollsDropped += other.pollsDropped
    }
}
