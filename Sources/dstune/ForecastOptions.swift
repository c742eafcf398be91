internal import ArgumentParser
internal import Foundation
internal import HOCON
internal import Knobs
internal import Layout
internal import Measure
internal import Storage
internal import Traffic

/// For which broker `inspect` forecasts.
struct ForecastOptions: ParsableArguments {
    @Option(help: "The EMQX version, e.g. 5.8.") var emqx = "5.8"
    @Option(help: "Its edition: ce or ee. Default: ce where there are two.") var edition: String?
    @Option(help: "Its configuration. Without it, the version's defaults.") var config: String?
    @Option(help: "The engine model. Default: of the configuration's backend.") var engine: String?
    @Flag(help: "Forecast as if everything were stored, also what no durable session wants.")
    var all = false

    func load() throws(Failure) -> ForecastTerms {
        let dialect = try dialect()
        var control = try loadControl(config, for: dialect, engine: engine)
        let file = try configuration()
        do throws(HOCONError) {
            let schema = try file?.string(at: Self.serializer)
            // The other keys are read with the control; this one no sweep varies.
            if control.engine.format.keys == .skipstream, schema == ValueFormat.asn1.rawValue {
                control.engine.format.values = .asn1
            }
            let period = try file?.duration(at: Self.retention)
            return ForecastTerms(
                control, version: dialect.title,
                retention: period.map { .milliseconds($0) } ?? ForecastTerms.standardRetention,
                storesAll: all)
        } catch { throw Failure(.badInput, error.description) }
    }

    private static let retention = "durable_sessions.message_retention_period"
    private static let serializer = "durable_storage.messages.layout.serialization_schema"

    private func dialect() throws(Failure) -> Dialect {
        do throws(KnobError) {
            guard edition == nil else {
                return try Dialect.find(version: emqx, edition: edition)
            }
            // Without an edition the one that everybody may run.
            if let found = try? Dialect.find(version: emqx, edition: "ce") { return found }
            return try Dialect.find(version: emqx, edition: nil)
        } catch { throw Failure(.badInput, error.description) }
    }

    /// What `--config` names; nil if it names nothing.
    private func configuration() throws(Failure) -> HOCONValue? {
        guard let config, let data = FileManager.default.contents(atPath: config) else {
            return nil
        }
        do throws(HOCONError) { return try HOCONValue(parsing: Array(data), file: config) } catch {
            throw Failure(.badInput, error.description)
        }
    }
}

extension ForecastTerms {
    /// - Parameter version: as it stands in sentences.
    init(
        _ control: Control, version: String, retention: Nanoseconds = standardRetention,
        storesAll: Bool = false
    ) {
        let (engine, setting) = (control.engine, control.setting)
        let log: Log
        switch engine.log {
        case .wal: log = .wal
        case .raft(let raft):
            log = .shared(
                message: raft.messageOverhead, batch: raft.batchOverhead,
                entry: raft.entryOverhead)
        }
        let batching: Batching
        switch engine.batching {
        case .writeBuffer:
            batching = Batching(
                messages: Int(setting["local_write_buffer.max_items"]),
                interval: .milliseconds(setting["local_write_buffer.flush_interval"]))
        case .transaction:
            batching = Batching(
                messages: Int(setting["transaction.max_pending"]),
                interval: .milliseconds(setting["transaction.flush_interval"]))
        }
        self.init(
            engine: engine.id, version: version, format: engine.format, setting: setting, log: log,
            batching: batching, storesForQoS0: engine.storesForQoS0, retention: retention,
            storesAll: storesAll)
    }
}
