internal import Foundation
internal import HOCON
internal import Knobs
internal import Measure
internal import Traffic

/// Reads captures for a replay; whatever is wrong with them is bad input.
func loadTrace(_ captures: [String]) throws(Failure) -> (trace: Trace, inspection: Inspection) {
    do { return try Trace.load(captures: captures) } catch {
        throw Failure(.badInput, error.description)
    }
}

/// What `--config` says the fleet runs with now; notes on it go to standard error.
func loadControl(_ path: String?, for dialect: Dialect) throws(Failure) -> Setting {
    guard let path else { return Setting() }
    guard let data = FileManager.default.contents(atPath: path) else {
        throw Failure(
            .badInput, "\(path): cannot be read; name the configuration file of your broker")
    }
    do {
        let config = try HOCONValue(parsing: Array(data), file: path)
        let backend = "durable_storage.messages.backend"
        if let entry = config.entry(at: backend), try config.string(at: backend) == "builtin_raft" {
            throw Failure(
                .badInput,
                entry.error(
                    "backend = builtin_raft is not modelled yet, and what builtin_local measures does not "
                        + "speak for it; dstune can advise on builtin_local only"
                ).description)
        }
        let file = try SettingFile(reading: config, for: dialect)
        for note in file.notes { warn(note.description) }
        return file.setting
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

/// For people, beside the results, which go to standard output.
func warn(_ sentence: String) {
    FileHandle.standardError.write(Data(("dstune: " + sentence + "\n").utf8))
}

func print(json value: some Encodable) throws {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
    print(String(decoding: try encoder.encode(value), as: UTF8.self))
}
