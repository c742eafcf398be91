internal import Measure

extension ShardedStore {
    /// Generations of `shard`, oldest first.
    package func generations(of shard: Int) -> [GenerationSpan] {
        all[shard].generations.map {
            GenerationSpan(number: $0.number, since: $0.since, until: $0.until)
        }
    }

    /// Begins a new generation on every shard; messages that were accepted before may still go to the old one.
    /// - Parameter time: wall clock, milliseconds.
    package func addGeneration(at time: UInt64 = wallClockMilliseconds()) throws(GenerationError) {
        try Retention.addGeneration(to: all, at: time)
    }

    /// Drops a generation with all its messages, on every shard.
    /// - Throws: `.current` if it takes messages.
    package func dropGeneration(_ number: Int) throws(GenerationError) {
        for shard in all where shard.current.number == number { throw .current(number) }
        for shard in all { try Retention.run(.drop([number]), on: shard) }
    }

    /// Drops, on every shard, the generations that ended at `time` or before. The current one has not ended.
    /// - Parameter time: wall clock, milliseconds.
    package func dropGenerations(until time: UInt64) throws(GenerationError) {
        try Retention.dropGenerations(of: all, until: time)
    }

    /// What the retention timer does when it fires: EMQX's rule, by which a message lives between one and
    /// about three retention periods (reference 4.4).
    /// - Parameter time: wall clock, milliseconds.
    package func collectGarbage(at time: UInt64) throws(GenerationError) {
        try Retention.collect(all, keeping: state.options.retention, at: time)
    }
}
