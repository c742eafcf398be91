import Foundation
import Knobs
import Layout
import Storage
import TestSupport
import Testing
import Traffic
import Trial

/// The forecast of `inspect` against what `footprint` finds on the disk.
@Suite struct ForecastFootprintTests {
    struct Case: Sendable, CustomTestStringConvertible {
        let engine: EngineModel
        let shards: Int64
        var testDescription: String { "\(engine.id), \(shards) shards" }

        var terms: ForecastTerms {
            var setting = engine.standardSetting
            setting["n_shards"] = shards
            let log: ForecastTerms.Log
            switch engine.log {
            case .wal: log = .wal
            case .raft(let raft):
                log = .shared(
                    message: raft.messageOverhead, batch: raft.batchOverhead,
                    entry: raft.entryOverhead)
            }
            return ForecastTerms(
                engine: engine.id, version: "", format: engine.format, setting: setting, log: log,
                batching: ForecastTerms.Batching(messages: FootprintRun.batch, interval: nil),
                storesAll: true)
        }
    }

    static let cases = [
        Case(engine: .emqx58Local, shards: 1), Case(engine: .emqx58Local, shards: 16),
        Case(engine: .emqx58Raft, shards: 4), Case(engine: .emqx60Local, shards: 4),
    ]

    /// Fails if a row, a byte or the framing of the log is counted otherwise than RocksDB writes it.
    @Test(arguments: cases) func whatIsForecastIsWhatIsWritten(_ case_: Case) throws {
        let scratch = ScratchDirectory()
        let written = try FootprintRun(
            engine: case_.engine, shards: Int(case_.shards), all: true, serializer: nil,
            directory: scratch.path
        ).run([Folder.capture]).total
        let forecast = try Inspection(captures: [Folder.capture], terms: case_.terms).forecast
        let counts = forecast.recorded
        #expect(counts.dataPuts == written.dataRows)
        #expect(counts.valueBytes == written.valueBytes)
        #expect(counts.indexPuts == written.indexRowsInAll)
        #expect(counts.streams == written.streams)
        #expect(counts.triePuts == written.trieRows)
        #expect(counts.trieBytes == written.trieBytes)
        #expect(counts.walBytes == written.walBytes)
    }

    /// Fails if the tables are forecast from something else than the rows in them. The learned topics, which
    /// are a seventh of these files because the capture is short, indexes and footers are not forecast.
    @Test func theTablesAreAsLargeAsForecast() throws {
        let scratch = ScratchDirectory()
        let case_ = Case(engine: .emqx58Local, shards: 1)
        let written = try FootprintRun(
            engine: case_.engine, shards: 1, all: true, serializer: nil, directory: scratch.path
        ).run([Folder.capture]).total
        let inspection = try Inspection(captures: [Folder.capture], terms: case_.terms)
        let forecast = inspection.forecast.disk.tableBytesPerSecond * inspection.spanSeconds
        let ratio = forecast / Double(written.sstBytes)
        #expect((0.67...1.1).contains(ratio), "\(forecast) forecast, \(written.sstBytes) written")
    }
}
