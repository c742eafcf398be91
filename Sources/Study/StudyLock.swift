internal import Foundation
internal import Glibc

/// Held by the one process that runs a study. The kernel gives it back when that process ends, however
/// it ends, so a killed study needs no clean-up.
final class StudyLock: Sendable {
    private let file: Int32

    /// - Throws: `.beingRun` with the number of the process that holds it, `.failed`, `.diskFull`.
    init(_ directory: StudyDirectory) throws(StudyStoreError) {
        // Without O_CLOEXEC a child would keep the study locked after its parent was killed.
        file = open(directory.lock, O_CREAT | O_RDWR | O_CLOEXEC, 0o600)
        guard file >= 0 else { throw .system(errno, at: directory.lock, in: directory) }
        guard flock(file, LOCK_EX | LOCK_NB) == 0 else {
            let holder = FileManager.default.contents(atPath: directory.lock).flatMap {
                Int32(
                    String(decoding: $0, as: UTF8.self).trimmingCharacters(
                        in: .whitespacesAndNewlines))
            }
            close(file)
            throw .beingRun(directory: directory.path, process: holder)
        }
        // For the message above only; the lock is the kernel's.
        ftruncate(file, 0)
        let text = Array("\(getpid())\n".utf8)
        write(file, text, text.count)
    }

    deinit { close(file) }
}

extension StudyStoreError {
    static func system(
        _ code: Int32, at path: String, in directory: StudyDirectory
    ) -> StudyStoreError {
        code == ENOSPC || code == EDQUOT
            ? .diskFull(directory: directory.path)
            : .failed(path: path, detail: String(cString: strerror(code)))
    }
}
