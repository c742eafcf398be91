internal import Foundation
internal import Knobs
internal import Subprocess

/// Sees to it that a trial's start state is there before the trial runs: in a child process builds it, or
/// reads every byte of one that an earlier run of the study built, once for each number of shards.
package actor AgeingExecutor: TrialExecutor {
    private let trials: any TrialExecutor
    private let plan: StudyPlan
    private let directory: StudyDirectory
    private let executable: String
    private let arguments: [String]
    private let announce: @Sendable (_ shards: Int) -> Void
    /// Paths of those that were built or verified by this process.
    private var ready: Set<String> = []

    /// - Parameters:
    ///   - arguments: what makes the executable build a start state.
    ///   - announce: called before each, because it may take long.
    package init(
        _ trials: any TrialExecutor, plan: StudyPlan, directory: StudyDirectory,
        executable: String = "/proc/self/exe", arguments: [String],
        announce: @escaping @Sendable (_ shards: Int) -> Void
    ) {
        self.trials = trials
        self.plan = plan
        self.directory = directory
        self.executable = executable
        self.arguments = arguments
        self.announce = announce
    }

    package func run(_ spec: TrialSpec) async throws(TrialInterruption) -> TrialResult {
        if let start = spec.start, case .aged(let ageing) = plan.start, !ready.contains(start) {
            let shards = Int(spec.setting["n_shards"])
            announce(shards)
            try await build(
                StartSpec(plan, ageing, shards: shards, in: directory), log: start + ".log")
            ready.insert(start)
        }
        return try await trials.run(spec)
    }

    private func build(_ spec: StartSpec, log: String) async throws(TrialInterruption) {
        let child = ChildProcess(
            executable: executable, arguments: arguments,
            question: spec.directory + ".json", answer: spec.directory + ".answer", log: log)
        let status: TerminationStatus
        do {
            try FileManager.default.createDirectory(
                atPath: directory.starts, withIntermediateDirectories: true,
                attributes: [.posixPermissions: 0o700])
            status = try await child.ask(spec)
        } catch {
            if Task.isCancelled || error is CancellationError { throw .cancelled }
            throw .environmentFailed("\(spec.directory): the start state could not be built: \(error)")
        }
        if Task.isCancelled { throw .cancelled }
        switch status {
        case .exited(0): return
        case .exited(let code):
            let words = child.lastWords ?? "it ended with exit code \(code)"
            throw .environmentFailed(words)
        case .signaled(let signal):
            throw .environmentFailed(
                "\(spec.directory): the start state could not be built: killed by signal \(signal)")
        }
    }
}
