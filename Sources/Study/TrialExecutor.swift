/// Runs trials. The real one starts a process for each; tests answer from a formula.
package protocol TrialExecutor: Sendable {
    /// - Returns: the trial's answer. One that crashed or never ended answers `.failed`.
    /// - Throws: only what would stop every other trial too.
    func run(_ spec: TrialSpec) async throws(TrialInterruption) -> TrialResult
}

package enum TrialInterruption: Error, Equatable, CustomStringConvertible {
    /// The task was cancelled; the trial is stopped and has left no process behind.
    case cancelled
    /// The machine does not give what a trial needs: space, files, memory.
    case environmentFailed(String)

    package var description: String {
        switch self {
        case .cancelled: "stopped on request"
        case .environmentFailed(let sentence): sentence
        }
    }
}
