import Broker
import Foundation
import Knobs
import MQTT
import Measure
import Storage
import TestSupport
import Testing

/// What goes wrong in brokers that nobody has tuned, each with what cures it. Those that need a socket are in
/// `SensorFleetTests`.
@Suite struct SymptomTests {
    /// What held writes back, each time, on the way of a few thousand messages acknowledged on commit.
    private func stalled(_ triggers: [String: Int64]) throws -> [StallCause?] {
        let scratch = ScratchDirectory()
        var setting: [String: Int64] = [
            "n_shards": 1, "local_write_buffer.flush_interval": 0,
            "level0_file_num_compaction_trigger": 2, "max_write_buffer_number": 8,
        ]
        setting.merge(triggers) { $1 }
        // 64 MiB of memtable are 64 KiB here, so that they are full in no time.
        let options = StoreOptions(
            engine: .emqx58Local, setting: Setting(setting), miniature: 1_024,
            durability: Durability(acknowledgement: .onCommit, sync: .none))
        let engine = RocksEngine()
        let store = try ShardedStore(at: scratch("data"), options, on: engine)
        defer { store.close() }
        var work = try AcknowledgedWork(on: store, ledger: scratch("ledger"), padding: 2_000)
        while work.acknowledged < 2_000 { try work.step() }
        return engine.takeEvents().compactMap { event in
            guard case .stall(_, let to, let cause) = event.kind, to != .normal else { return nil }
            return .some(cause)
        }
    }

    /// PUBACKs wait for commits, and commits for L0: with triggers as low as where compaction begins,
    /// writes stall; with triggers above any burst they do not.
    @Test func lowL0TriggersStallAcknowledgementsAndHigherOnesCureIt() throws {
        let sick = try stalled([
            "level0_slowdown_writes_trigger": 2, "level0_stop_writes_trigger": 2,
        ])
        // Where memtables and L0 came together, the cause is unknown.
        #expect(sick.contains { $0 != .memtables }, "\(sick)")
        let cured = try stalled([
            "level0_slowdown_writes_trigger": 200, "level0_stop_writes_trigger": 200,
        ])
        #expect(!cured.contains(.level0Files), "\(cured)")
    }

    /// Clients that ask for a session of a month and never come back. Without a cap they pile up; with one
    /// they are gone after it.
    @Test(arguments: [(UInt32.max, 100), (3_600, 0)])
    func abandonedSessionsPileUpUnlessTheirExpiryIsCapped(_ cap: UInt32, _ left: Int) {
        var limits = SessionLimits()
        limits.largestExpiry = cap
        let stage = Stage(limits: limits)
        for number in 0..<100 {
            stage.cut(stage.client("abandoned-\(number)", [.sessionExpiryInterval(2_592_000)]))
        }
        #expect(stage.sessions.sessionCount == 100)
        for _ in 0..<20 { stage.pass(.seconds(3_600)) }
        #expect(stage.sessions.sessionCount == left)
    }
}
