import Foundation
import Knobs
import Measure
import Storage
import Synchronization
import TestSupport

extension StoreOptions {
    /// EMQX 5.8 with one log for all shards; `change` makes its sizes those of a test.
    static func raft(
        _ values: [String: Int64] = [:], _ change: (inout RaftModel) -> Void = { _ in }
    ) -> StoreOptions {
        var model = RaftModel()
        change(&model)
        var engine = EngineModel.emqx58Local
        engine.id = "test-raft"
        engine.log = .raft(model)
        engine.recordsTimestamp = false
        let local = StoreOptions.test(values)
        return StoreOptions(engine: engine, setting: local.setting)
    }
}

/// A client id whose messages go to `shard` of `shards`.
func client(in shard: Int, of shards: Int) -> String {
    for number in 0... {
        let name = "c\(number)"
        if publisher(name, shards: shards).shard == shard { return name }
    }
    preconditionFailure("every shard has clients")
}

/// Holds the thread that reaches one step until the test lets it go on.
final class Gate: Sendable {
    private let step: LogStep
    private let state = Mutex((open: false, reached: 0))
    private let opened = DispatchSemaphore(value: 0)

    init(at step: LogStep) { self.step = step }

    var reached: Int { state.withLock { $0.reached } }

    func pass(_ step: LogStep) {
        guard step == self.step else { return }
        let isOpen = state.withLock { state in
            state.reached += 1
            return state.open
        }
        if !isOpen { opened.wait() }
    }

    func open() {
        state.withLock { $0.open = true }
        opened.signal()
    }
}

/// Files of the shared log, by their names below it, with their sizes.
func logFiles(of store: String, endingIn ending: String) throws -> [String: Int] {
    let root = store + "/dsrepl"
    var sizes: [String: Int] = [:]
    for name in try FileManager.default.subpathsOfDirectory(atPath: root)
    where name.hasSuffix(ending) {
        // It may have been deleted since it was listed.
        let attributes = try? FileManager.default.attributesOfItem(atPath: root + "/" + name)
        if let size = attributes?[.size] as? Int { sizes[name] = size }
    }
    return sizes
}
