internal import Foundation
internal import HOCON
internal import Knobs
internal import Measure
internal import Storage
internal import Traffic

/// Reads captures for a replay; whatever is wrong with them is bad input.
func loadTrace(_ captures: [String]) throws(Failure) -> (trace: Trace, inspection: Inspection) {
    do { return try Trace.load(captures: captures) } catch {
        throw Failure(.badInput, error.description)
    }
}

/// What the fleet runs with now: the control, and the engine that behaves as it does.
struct Control {
    let setting: Setting
    var engine: EngineModel
}

/// What `--config` says the fleet runs with; notes on it go to standard error.
///
/// - Parameter engine: as it was named; nil: of the backend in the file, or the version's standard.
func loadControl(
    _ path: String?, for dialect: Dialect, engine named: String?
) throws(Failure) -> Control {
    guard let path else {
        let engine = try findEngine(named ?? dialect.standardEngine ?? "")
        return Control(setting: engine.standardSetting, engine: engine)
    }
    guard let data = FileManager.default.contents(atPath: path) else {
        throw Failure(
            .badInput, "\(path): cannot be read; name the configuration file of your broker")
    }
    do {
        let config = try HOCONValue(parsing: Array(data), file: path)
        let engine = try findEngine(
            named ?? backendEngine(in: config, for: dialect) ?? dialect.standardEngine ?? "")
        let file = try SettingFile(
            reading: config, for: dialect, over: engine.standardSetting)
        for note in file.notes { warn(note.description) }
        return Control(setting: file.setting, engine: engine)
    } catch let error as HOCONError {
        throw Failure(.badInput, error.description)
    } catch let error as Failure {
        throw error
    } catch KnobError.badValue(let error) {
        throw Failure(.badInput, error.description)  // names the file itself
    } catch {
        throw Failure(.badInput, "\(path): \(error)")
    }
}

/// The engine of the backend that a configuration names; nil if it names none.
private func backendEngine(in config: HOCONValue, for dialect: Dialect) throws -> String? {
    let key = "durable_storage.messages.backend"
    guard let entry = config.entry(at: key) else { return nil }
    let name = try config.string(at: key) ?? ""
    guard let model = dialect.engines.first(where: { $0.backend == name })?.model else {
        throw entry.error(
            "\(dialect.title) has no backend \(name); it has "
                + dialect.engines.map(\.backend).joined(separator: " and "))
    }
    return model
}

/// For people, beside the results, which go to standard output.
func warn(_ sentence: String) {
    FileHandle.standardError.write(Data(("dstune: " + sentence + "\n").utf8))
}

func print(json value: some Encodable) throws {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
    print(String(decoding: try encoder.encode(value), as: UTF8.self))
}
