/// Why a study cannot be begun, opened or written. Each sentence says what to do.
package enum StudyStoreError: Error, Equatable, CustomStringConvertible {
    /// `sweep` into a directory that holds a study of the same capture.
    case alreadyExists(directory: String, finished: Int)
    /// `sweep` into a directory that holds other things.
    case directoryNotEmpty(String)
    case belongsToAnotherCapture(
        directory: String, its: [CaptureIdentity], asked: [CaptureIdentity])
    case captureChanged(recorded: CaptureIdentity, found: CaptureIdentity)
    case captureUnreadable(CaptureReadError)
    case notAStudy(directory: String)
    /// Written by a later dstune.
    case newer(directory: String, version: Int, known: Int)
    case damaged(directory: String, detail: String)
    case beingRun(directory: String, process: Int32?)
    case diskFull(directory: String)
    case failed(path: String, detail: String)

    /// 2 for what the caller named wrongly, 3 for what the machine does not give.
    package var exitCode: Int32 {
        switch self {
        case .alreadyExists, .directoryNotEmpty, .belongsToAnotherCapture, .captureChanged,
            .captureUnreadable, .notAStudy, .newer, .damaged:
            2
        case .beingRun, .diskFull, .failed: 3
        }
    }

    package var description: String {
        switch self {
        case .alreadyExists(let directory, let finished):
            return "\(directory): a study is here already, with \(finished) finished trials; "
                + "go on with `dstune resume \(directory)` or choose another directory"
        case .directoryNotEmpty(let directory):
            return "\(directory): not empty and not a study; choose another directory"
        case .belongsToAnotherCapture(let directory, let its, let asked):
            return "\(directory): this study belongs to \(Self.names(its)), "
                + "not to \(Self.names(asked)); choose another directory"
        case .captureChanged(let recorded, let found):
            return "\(recorded.path): not the capture that this study began with "
                + "(\(Self.content(recorded)) then, \(Self.content(found)) now); "
                + "put the old file back or start a new study"
        case .captureUnreadable(let error): return error.description
        case .notAStudy(let directory):
            return "\(directory): not a study; name the directory that `dstune sweep` wrote"
        case .newer(let directory, let version, let known):
            return "\(directory): written by a newer dstune (format \(version), this one knows "
                + "\(known)); use that one"
        case .damaged(let directory, let detail):
            return "\(directory): study.sqlite cannot be read (\(detail)); "
                + "restore it from a copy or start a new study"
        case .beingRun(let directory, let process):
            let who = process.map { "process \($0)" } ?? "another process"
            return "\(directory): this study is being run by \(who); wait for it or stop it"
        case .diskFull(let directory):
            return "\(directory): the disk is full; every finished trial is kept: free some space, "
                + "then `dstune resume \(directory)`"
        case .failed(let path, let detail):
            return "\(path): \(detail); check the disk and the permissions"
        }
    }

    private static func names(_ captures: [CaptureIdentity]) -> String {
        captures.map { "\($0.path) (\(content($0)))" }.joined(separator: ", ")
    }

    private static func content(_ capture: CaptureIdentity) -> String {
        "\(capture.bytes) bytes, digest \(capture.digest)"
    }
}
