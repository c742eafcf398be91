internal import Advisor
internal import Dispatch
internal import Foundation
internal import Glibc
internal import Knobs
internal import Measure
internal import Report
internal import Storage
internal import Study
internal import Trial

/// Runs a study from wherever it is to its report; `sweep` and `resume` differ only in how they got it.
struct StudySession {
    let store: StudyStore
    let dialect: Dialect

    /// What a trial may take beside its warm-up and window: opening, draining, closing.
    private static let bound = Nanoseconds.seconds(120)

    func run() async throws {
        if !store.plan.environment.optimised {
            warn(
                "this is a debug build: its figures are good for trying the tool and for nothing else"
            )
        }
        let trials = ProcessExecutor(
            arguments: ["trial", "--parent", "\(getpid())"], bound: Self.bound)
        let executor = AgeingExecutor(
            trials, plan: store.plan, directory: store.directory,
            arguments: ["age", "--parent", "\(getpid())"],
            announce: { warn("seeing to the aged database that trials with \($0) shards begin with") })
        let runner = StudyRunner(store: store, executor: executor)
        let display = ProgressDisplay(
            isTerminal: isatty(STDERR_FILENO) != 0,
            secondsFromGMT: TimeZone.current.secondsFromGMT(),
            write: { FileHandle.standardError.write(Data($0.utf8)) })
        let work = Task { try await runner.run { display.show($0) } }
        let signals = [SIGINT, SIGTERM].map { cancel(work, on: $0) }
        defer { for signal in signals { signal.cancel() } }
        do {
            _ = try await work.value
            display.end()
        } catch let error as StudyRunError {
            display.end()
            if error == .cancelled {
                throw Failure(
                    .interrupted,
                    "stopped; every finished trial is kept, go on with `dstune resume \(store.directory.path)`"
                )
            }
            throw Failure(
                error.exitCode == 2 ? .badInput : .environment, error.description)
        }
        try await writeReport(of: store, dialect: dialect)
    }

    /// The first signal stops the trial that runs and ends the study in order.
    private func cancel(
        _ work: Task<[TrialRecord], any Error>, on number: Int32
    ) -> any DispatchSourceSignal {
        signal(number, SIG_IGN)
        let source = DispatchSource.makeSignalSource(signal: number, queue: .global())
        source.setEventHandler { work.cancel() }
        source.resume()
        return source
    }
}

/// A study on disk, and the version that its configuration is for.
func openStudy(
    _ path: String, for purpose: StudyStore.Purpose
) throws(Failure) -> (StudyStore, Dialect) {
    let directory = StudyDirectory(URL(fileURLWithPath: path).standardizedFileURL.path)
    let store: StudyStore
    do throws(StudyStoreError) { store = try StudyStore.open(directory, for: purpose) } catch {
        throw Failure(error)
    }
    do throws(KnobError) {
        return (store, try Dialect.find(version: store.plan.emqx, edition: store.plan.edition))
    } catch { throw Failure(.badInput, "\(path): \(error.description)") }
}

/// The start states that the study's trials began with.
private func readStarts(of records: [TrialRecord]) throws(Failure) -> [StartRecord] {
    var states: [StartRecord] = []
    do throws(TrialError) {
        for path in Set(records.compactMap(\.spec.start)) {
            if let state = try AgedDatabase.read(path) { states.append(state.record) }
        }
    } catch { throw Failure(.environment, error.description) }
    return states.sorted { $0.shards < $1.shards }
}

/// Writes everything that a study ends with, and says where it is.
func writeReport(of store: StudyStore, dialect: Dialect) async throws {
    guard let model = EngineModel.find(store.plan.engine),
        let durability = DurabilityRow.find(model.durability.acknowledgement.rawValue)
    else {
        throw Failure(
            .badInput,
            "\(store.directory.path): its engine model \(store.plan.engine) is not known to this dstune; "
                + "use the one that began the study")
    }
    do {
        let records = try store.records()
        let input = ReportInput(
            plan: store.plan, records: records, dialect: dialect,
            departures: model.departures, durability: durability, date: wallClockMilliseconds(),
            starts: try readStarts(of: records))
        let paths = try await ReportWriter(store.directory).write(input)
        print(input.recommendation.shortVerdict())
        for path in paths { print(path) }
    } catch let error as StudyStoreError {
        throw Failure(error)
    } catch let error as ReportError {
        throw Failure(.environment, error.description)
    }
}

extension Failure {
    init(_ error: StudyStoreError) {
        self.init(error.exitCode == 2 ? .badInput : .environment, error.description)
    }
}
