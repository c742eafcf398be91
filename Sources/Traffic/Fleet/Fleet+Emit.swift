internal import Measure

extension Fleet {
    /// How far the making of traffic has come.
    package struct Progress: Sendable {
        /// Of the duration, 0 to 1.
        package let share: Double
        package let connections: Int
        /// Bytes of MQTT packets.
        package let bytes: Int
    }

    /// Makes the traffic of this fleet and tells an observer of it, in order of time. The same fleet and seed give
    /// the same traffic.
    ///
    /// - Parameter watch: asked now and then whether to go on.
    /// - Returns: what is true of it; nil if it was stopped, by `watch` or because the observer wants no more.
    @discardableResult
    package func emit<Observer: TrafficObserver>(
        into observer: inout Observer, seed: UInt64, watch: (Progress) -> Bool = { _ in true }
    ) -> FleetTruth? {
        var run = FleetRun(self, seed: Seed(seed).branch("fleet"), into: observer)
        let isComplete = run.play { time, tally in
            watch(
                Progress(
                    share: Double(time - start) / Double(duration),
                    connections: tally.connections, bytes: tally.bytes))
        }
        observer = run.observer
        return isComplete ? FleetTruth(run, seed: seed) : nil
    }
}
