package import Broker
internal import Measure
package import Replay
package import Storage

extension Promise {
    /// What a broker of our own can be held to.
    package init(_ engine: EngineModel, _ durability: Durability, _ limits: SessionLimits) {
        self.init(name: durability.id)
        // What is in the shared log of a raft engine was committed, but PUBACK does not wait for that either.
        survivesKill = durability.survivesKill
        switch engine.sessions {
        case .beforePromise: sessionLoss = .zero
        case .every(let interval): sessionLoss = interval + Self.commitTime
        }
        queueOfOthers = limits.queue
        expiryBeforeVersion5 = limits.expiryBeforeVersion5
        isOurs = true
    }

    /// A commit of session state that has begun may take so long: its interval says only when it begins.
    private static let commitTime = Nanoseconds.seconds(1)
}
