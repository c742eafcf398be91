internal import ArgumentParser
internal import Foundation
internal import Trial

struct BenchCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "bench", abstract: "Measure this tool's own speed beside a raw RocksDB loop.",
        discussion: """
              dstune bench                       the whole in-process path
              dstune bench storage               the storage path alone, case by case
              dstune bench storage --format json
              dstune bench open                  a restart
              dstune bench replay                what replaying costs
              dstune bench ledger                what accounting for every message costs
            """,
        subcommands: [
            BenchPathCommand.self, BenchStorageCommand.self, BenchOpenCommand.self,
            BenchReplayCommand.self, BenchTimelineCommand.self, BenchLedgerCommand.self,
            BenchSessionsCommand.self,
            BenchCapturesCommand.self,
        ],
        defaultSubcommand: BenchPathCommand.self)
}

/// A folder that a benchmark writes into and that is gone when it ends.
func withBenchmarkScratch(in directory: String, _ body: (String) throws -> Void) throws {
    let scratch = directory + "/.dstune-bench-\(getpid())"
    do {
        try FileManager.default.createDirectory(atPath: scratch, withIntermediateDirectories: true)
    } catch {
        throw Failure(
            .environment, "\(scratch): cannot be made (\(error)); name another --directory")
    }
    defer { try? FileManager.default.removeItem(atPath: scratch) }
    do { try body(scratch) } catch let failure as Failure {
        throw failure
    } catch { throw Failure(.environment, "the benchmark failed: \(error)") }
}

/// One line for who waits.
func progress(_ line: String) { FileHandle.standardError.write(Data((line + "\n").utf8)) }

/// Figures of a build without optimisation mislead.
func warnOfDebugBuild(_ optimised: Bool) {
    if !optimised { progress("a debug build: these figures say nothing") }
}
