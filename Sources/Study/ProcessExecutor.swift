internal import Foundation
package import Measure
internal import Subprocess

/// Runs a trial in a process of its own, so that it may die, be killed and leave nothing in memory.
///
/// The child gets the spec as one line of JSON on standard input and answers with one line on standard
/// output; its standard error goes to `trial.log`. It ends with 0, or with 2 or 3 when its input or the
/// machine failed it, which ends the study as well: a full disk fails every trial after it. In its directory remain
/// the question, the answer, the samples, the events and the log; the data is removed.
package struct ProcessExecutor: TrialExecutor {
    private let executable: String
    private let arguments: [String]
    private let bound: Nanoseconds

    private static let kept: Set<String> = [
        "spec.json", "result.json", "samples.tsv", "events.tsv", "trial.log",
    ]
    private static let environmentFailed: Int32 = 3
    private static let badInput: Int32 = 2
    /// Less than this is a full disk: four shards' manifests are preallocated with as much.
    private static let leastSpace = Bytes.mib(16)

    /// - Parameters:
    ///   - executable: this very program, also after it was replaced on disk.
    ///   - arguments: what makes it run one trial.
    ///   - bound: what a trial may take beyond its warm-up and window: opening, draining, closing.
    package init(
        executable: String = "/proc/self/exe", arguments: [String] = ["trial"], bound: Nanoseconds
    ) {
        self.executable = executable
        self.arguments = arguments
        self.bound = bound
    }

    package func run(_ spec: TrialSpec) async throws(TrialInterruption) -> TrialResult {
        let started = wallClockMilliseconds()
        try prepare(spec.directory)
        defer { removeData(in: spec.directory) }
        let ending = try await process(for: spec)
        if Task.isCancelled { throw .cancelled }
        let log = child(for: spec).lastWords
        let failure: String
        switch ending {
        case nil:
            failure = "no answer within \(Int(limit(of: spec).seconds)) s: stopped"
        case .exited(0):
            let answer = FileManager.default.contents(atPath: spec.directory + "/result.json")
            if let answer, let result = try? JSONDecoder().decode(TrialResult.self, from: answer),
                result.number == spec.number
            {
                return result
            }
            failure = "it ended without an answer"
        case .exited(Self.environmentFailed), .exited(Self.badInput):
            // A capture that was moved or cut fails every later trial as well.
            throw .environmentFailed(log ?? "trial \(spec.number) could not run on this machine")
        case .exited(let code):
            failure = "ended with exit code \(code)" + (log.map { ": \($0)" } ?? "")
        case .signaled(let signal):
            failure = "killed by signal \(signal)" + (log.map { "; its last words: \($0)" } ?? "")
        }
        // RocksDB can abort on a full disk before it says why; the next trial would die of it as well.
        if let free = freeSpace(at: spec.directory), free < Self.leastSpace {
            throw .environmentFailed(
                "\(spec.directory): the disk is full (\(free) left) and trial \(spec.number) failed "
                    + "(\(failure)); free some space")
        }
        return TrialResult(
            number: spec.number, ending: .failed(failure), started: started,
            ended: wallClockMilliseconds())
    }

    /// - Returns: nil if the trial did not end in time and was stopped.
    private func process(
        for spec: TrialSpec
    ) async throws(TrialInterruption) -> TerminationStatus? {
        let limit = limit(of: spec)
        do {
            return try await withThrowingTaskGroup(of: TerminationStatus?.self) { group in
                group.addTask { try await child(for: spec).ask(spec) }
                group.addTask {
                    try await Task.sleep(nanoseconds: UInt64(max(0, limit.count)))
                    return nil
                }
                // Leaving the group waits for the other: the child, once stopped, or the watchdog.
                defer { group.cancelAll() }
                return try await group.next() ?? nil
            }
        } catch {
            if Task.isCancelled || error is CancellationError { throw .cancelled }
            throw .environmentFailed("trial \(spec.number) could not be started: \(error)")
        }
    }

    private func child(for spec: TrialSpec) -> ChildProcess {
        ChildProcess(
            executable: executable, arguments: arguments,
            question: spec.directory + "/spec.json", answer: spec.directory + "/result.json",
            log: spec.directory + "/trial.log")
    }

    private func limit(of spec: TrialSpec) -> Nanoseconds {
        spec.scale.warmUp + spec.scale.window + bound
    }

    private func prepare(_ directory: String) throws(TrialInterruption) {
        do {
            if FileManager.default.fileExists(atPath: directory) {
                try FileManager.default.removeItem(atPath: directory)
            }
            try FileManager.default.createDirectory(
                atPath: directory, withIntermediateDirectories: true,
                attributes: [.posixPermissions: 0o700])
        } catch {
            throw .environmentFailed(
                "\(directory): cannot be prepared for a trial (\(error.localizedDescription)); "
                    + "check the space and the permissions")
        }
    }

    private func removeData(in directory: String) {
        let names = (try? FileManager.default.contentsOfDirectory(atPath: directory)) ?? []
        for name in names where !Self.kept.contains(name) {
            try? FileManager.default.removeItem(atPath: directory + "/" + name)
        }
    }

    /// What is left on the disk of `directory`; nil if the system does not say.
    private func freeSpace(at directory: String) -> Bytes? {
        let attributes = try? FileManager.default.attributesOfFileSystem(forPath: directory)
        return (attributes?[.systemFreeSize] as? NSNumber).map { Bytes($0.uint64Value) }
    }
}
