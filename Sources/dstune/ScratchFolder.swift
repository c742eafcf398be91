internal import Foundation

/// A folder that is there for one command and gone afterwards, also when the command is interrupted.
final class ScratchFolder {
    let path: String
    private var signals: [any DispatchSourceSignal] = []

    /// - Parameter name: the process id is appended.
    init(_ name: String, below directory: String) throws(Failure) {
        path = directory + "/\(name)-\(getpid())"
        do {
            try FileManager.default.createDirectory(
                atPath: path, withIntermediateDirectories: true,
                attributes: [.posixPermissions: 0o700])
        } catch {
            throw Failure(
                .environment, "\(path): cannot be made (\(error)); name another --directory")
        }
        let path = path
        signals = [SIGINT, SIGTERM].map { number in
            signal(number, SIG_IGN)
            let source = DispatchSource.makeSignalSource(signal: number, queue: .global())
            source.setEventHandler {
                Self.remove(path)
                _exit(Failure.Code.interrupted.rawValue)
            }
            source.resume()
            return source
        }
    }

    deinit {
        for signal in signals { signal.cancel() }
        Self.remove(path)
    }

    /// Renamed first: whoever still works in it makes no new files where they would be left.
    private static func remove(_ path: String) {
        let leaving = path + ".leaving"
        try? FileManager.default.moveItem(atPath: path, toPath: leaving)
        try? FileManager.default.removeItem(atPath: leaving)
        try? FileManager.default.removeItem(atPath: path)
    }
}
