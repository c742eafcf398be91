internal import ArgumentParser
internal import Foundation
internal import HOCON
internal import Knobs
internal import Measure
internal import Storage
internal import Study

/// What a broker of ours promises, what else it costs, and on which disk.
struct BrokerOptions: ParsableArguments {
    @Option(help: "When a publisher is told: on_enqueue or on_commit. Default: as the engine does.")
    var acknowledge: String?
    @Option(
        help:
            "When the log is synced: none, per_commit or interval:MS. Default: as the engine does.")
    var sync: String?
    @Option(
        name: .customLong("broker-cpu-us"),
        help:
            "CPU burned for each stored message beside this broker. Default: what the engine declares."
    )
    var brokerCPU: Int?
    @Option(help: "Behave like the disk of this model file (Profiles/disks, dstune probe --write).")
    var disk: String?

    func validate() throws {
        if let acknowledge, Durability.Acknowledgement(rawValue: acknowledge) == nil {
            let known = Durability.Acknowledgement.allCases.map(\.rawValue)
            throw ValidationError("--acknowledge wants \(known.joined(separator: " or "))")
        }
        if let sync, Durability.Sync(sync) == nil {
            throw ValidationError(
                "--sync wants none, per_commit or interval: and milliseconds, e.g. interval:100")
        }
        if let brokerCPU, !(0...100_000).contains(brokerCPU) {
            throw ValidationError("--broker-cpu-us wants 0 to 100000")
        }
    }
}

/// What stands around every trial: which engine, what an acknowledgement promises, whose CPU, which disk.
struct ConditionOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "Engine model: " + EngineModel.catalogue.map(\.id).joined(separator: ", ")
                + ". Default: of the version and of the backend that --config names."))
    var engine: String?
    @OptionGroup var broker: BrokerOptions

    /// - Throws: `.badInput` when the disk model cannot be read.
    func conditions() throws(Failure) -> Conditions {
        var text: String?
        if let disk = broker.disk {
            _ = try loadDiskModel(disk)
            text = FileManager.default.contents(atPath: disk).map {
                String(decoding: $0, as: UTF8.self)
            }
        }
        return Conditions(
            acknowledgement: broker.acknowledge, sync: broker.sync,
            brokerCPU: broker.brokerCPU.map { .microseconds(Int64($0)) }, disk: text)
    }
}

/// - Throws: `.badInput` with file and line.
func loadDiskModel(_ path: String) throws(Failure) -> DiskModel {
    guard let data = FileManager.default.contents(atPath: path) else {
        throw Failure(
            .badInput,
            "\(path): cannot be read; name a disk model, such as one of Profiles/disks or what `dstune "
                + "probe DIR --write FILE` wrote")
    }
    do throws(HOCONError) {
        return try DiskModel(
            reading: HOCONValue(parsing: Array(data), file: path), file: path)
    } catch { throw Failure(.badInput, error.description) }
}
