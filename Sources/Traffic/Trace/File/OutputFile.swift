internal import Glibc

/// A file that appears under its name only when it is whole: it is written beside its place, readable for
/// its owner alone (mode 0600), and renamed at the end. What is given up before leaves nothing behind.
package final class OutputFile {
    /// Where it will be, for people.
    package let path: String
    /// Where it is while it is written; nil if it is written in place: a pipe, a device, standard output.
    package let temporaryPath: String?
    private let file: Int32
    private var isOpen = true

    /// - Throws: if the file cannot be made there.
    package init(path: String) throws(WriteError) {
        self.path = path
        var status = stat()
        if stat(path, &status) == 0, status.st_mode & S_IFMT != S_IFREG {
            temporaryPath = nil
            file = open(path, O_WRONLY | O_CLOEXEC)
        } else {
            let temporary = Self.temporary(path)
            temporaryPath = temporary
            // One that was left by a process of the same number is nobody's.
            unlink(temporary)
            file = open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
        }
        guard file >= 0 else { throw WriteError(path: path, errno: errno) }
    }

    private init(standardOutput file: Int32) {
        path = "standard output"
        temporaryPath = nil
        self.file = file
    }

    /// Takes `-` for standard output.
    package static func named(_ path: String) throws(WriteError) -> OutputFile {
        path == "-" ? OutputFile(standardOutput: STDOUT_FILENO) : try OutputFile(path: path)
    }

    deinit {
        guard isOpen else { return }
        if file != STDOUT_FILENO { close(file) }
        if let temporaryPath { unlink(temporaryPath) }
    }

    /// ".NAME.part-PID" in the same folder, so that the rename stays on one file system.
    private static func temporary(_ path: String) -> String {
        let start = path.lastIndex(of: "/").map { path.index(after: $0) } ?? path.startIndex
        return path[..<start] + ".\(path[start...]).part-\(getpid())"
    }

    package func write(_ bytes: RawSpan) throws(WriteError) {
        precondition(isOpen)
        var offset = 0
        while offset < bytes.byteCount {
            let rest = bytes.extracting(offset..<bytes.byteCount)
            let written = rest.withUnsafeBytes { Glibc.write(file, $0.baseAddress, $0.count) }
            if written < 0, errno == EINTR { continue }
            guard written > 0 else { throw WriteError(path: path, errno: errno) }
            offset += written
        }
    }

    /// It is whole: gives it its name.
    package func finish() throws(WriteError) {
        precondition(isOpen)
        guard let temporaryPath else {
            isOpen = false
            if file != STDOUT_FILENO, close(file) != 0 {
                throw WriteError(path: path, errno: errno)
            }
            return
        }
        // A name must not outlive what it stands for.
        guard fsync(file) == 0 || errno == EINVAL, rename(temporaryPath, path) == 0 else {
            throw WriteError(path: path, errno: errno)
        }
        isOpen = false
        close(file)
    }
}

/// What could not be written. All are failures of the environment (exit code 3).
package struct WriteError: Error, Equatable, Sendable {
    package let path: String
    package let errno: Int32
}

extension WriteError: CustomStringConvertible {
    /// Whoever read the output has gone, which ends the work without being a failure: `| head`.
    package var isBrokenPipe: Bool { errno == EPIPE }

    package var description: String {
        "\(path): cannot be written (\(String(cString: strerror(errno)))); free space, check the permissions, or name another place"
    }
}
