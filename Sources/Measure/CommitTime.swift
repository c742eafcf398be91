/// When a batch was written, for whoever waited for that.
package struct CommitTime: Sendable, Equatable {
    /// It had its turn at the disk.
    package let began: MonotonicTime
    /// It was as durable as the store's sync mode says.
    package let ended: MonotonicTime
    /// For which RocksDB held the write back, by its own clock (`write_delay_time`).
    package let stalled: Nanoseconds

    package init(began: MonotonicTime, ended: MonotonicTime, stalled: Nanoseconds) {
        (self.began, self.ended, self.stalled) = (began, ended, stalled)
    }
}
