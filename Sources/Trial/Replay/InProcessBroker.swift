internal import Broker
internal import Foundation
internal import Measure
package import Replay
internal import Storage

/// A broker within this process: a store, sessions over it, the way to them without sockets, and beside them the
/// CPU that the modelled broker spends.
package final class InProcessBroker {
    let store: ShardedStore
    let engine: RocksEngine
    private let sessions: SessionLayer
    private let inside: InProcessTransport
    private let load: BrokerLoad
    package let plan: InProcessPlan

    package var transport: any Transport { inside }

    /// - Throws: `.environment` when the store cannot be opened or a thread cannot be started.
    package init(_ plan: InProcessPlan) throws(TrialError) {
        self.plan = plan
        do throws(RocksError) {
            engine = RocksEngine(
                on: try plan.disk.map { model throws(RocksError) in
                    try Disk(.modelled(model, plan.seed.branch("disk")))
                })
        } catch { throw .environment("the declared disk cannot be set up: \(error)") }
        var options = StoreOptions(
            engine: plan.engine, setting: plan.setting, durability: plan.durability)
        if let retention = plan.retention { options.retention = retention }
        let store = try Yielding.open(plan.directory, options, on: engine)
        self.store = store
        sessions = SessionLayer(store: store, limits: plan.limits)
        inside = InProcessTransport(sessions, store: store)
        load = BrokerLoad(
            perMessage: plan.brokerCPU, threads: ProcessInfo.processInfo.activeProcessorCount
        ) { store.accepted }
        do throws(ThreadError) { try load.start() } catch {
            load.stop()
            store.close()
            throw .environment(error.description)
        }
    }

    /// Everything that was accepted is durable, and answered where an answer waited for that.
    var hasSettled: Bool { store.depth == 0 && sessions.heldAnswers == 0 }

    /// Connected sessions whose window of unacknowledged deliveries is full while more is to be delivered.
    var fullWindows: Int { sessions.fullWindows }

    var counters: SessionLayer.Counters { sessions.counters }

    /// Time that the replay's thread spent in the session layer.
    var busy: Nanoseconds { inside.busy }

    /// CPU burned for what the modelled broker spends.
    var burned: Nanoseconds { load.burned }

    /// Ends its threads; what was accepted is committed first.
    package func close() {
        load.stop()
        store.close()
    }
}
