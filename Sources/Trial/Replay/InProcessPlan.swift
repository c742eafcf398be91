package import Broker
internal import HOCON
package import Knobs
package import Measure
package import Replay
package import Storage

/// What a broker within this process is made of.
package struct InProcessPlan: Sendable {
    package var engine: EngineModel
    package var durability: Durability
    package var setting: Setting
    package var limits = SessionLimits()
    /// CPU burned for each stored message beside this broker.
    package var brokerCPU: Nanoseconds
    /// How long messages are kept; nil: as `StoreOptions` has it.
    package var retention: Nanoseconds?
    /// The disk that stands under the store; nil for the one that is there.
    package var disk: DiskModel?
    package var seed = Seed(1)
    /// Where the store is made; nothing may be there.
    package var directory: String

    package init(engine: EngineModel, directory: String) {
        self.engine = engine
        self.directory = directory
        durability = engine.durability
        setting = engine.standardSetting
        brokerCPU = engine.cpuPerMessage
    }

    /// What it can be held to.
    package var promise: Promise { Promise(engine, durability, limits) }

    /// Divides its timers, as recorded time is divided: how long a message waits for its batch, and how long it is
    /// kept. Whole milliseconds; what would be less than one is one.
    package mutating func scale(by scale: TimeScale) {
        for knob in Knob.catalogue where knob.isTimerOfBatches && setting[knob] > 0 {
            let scaled = scale.scaled(Double(setting[knob]))
            setting[knob] = max(1, Int64(scaled.rounded()))
        }
        retention = .seconds(scale.scaled((retention ?? Self.standardRetention).seconds))
    }

    /// EMQX's `message_retention_period`, as `StoreOptions` has it.
    private static let standardRetention = Nanoseconds.seconds(86_400)
}

extension BrokerPlan {
    /// The same broker in a process of its own. The CPU that the modelled one spends is not burned there, and it
    /// has the disk that is there.
    package init(_ inside: InProcessPlan) {
        self.init(directory: inside.directory, engine: inside.engine.id)
        acknowledge = inside.durability.acknowledgement.rawValue
        sync = inside.durability.sync.text
        setting = inside.setting
        if let retention = inside.retention {
            let seconds = max(1, Int64(retention.seconds.rounded()))
            more.append(("durable_sessions.message_retention_period", .string("\(seconds)s")))
        }
    }
}

extension Knob {
    /// Milliseconds that a batch may wait.
    fileprivate var isTimerOfBatches: Bool {
        switch reach {
        case .bufferInterval, .pendingInterval, .idleInterval: true
        default: false
        }
    }
}
