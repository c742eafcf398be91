internal import Foundation
internal import Synchronization

/// A folder that is there for one command and gone afterwards, also when the command is interrupted.
final class ScratchFolder {
    /// Shared with the handler of signals.
    private final class Interruption: Sendable {
        let hasBegun = Atomic(false)
    }

    let path: String
    private let interruption = Interruption()
    private var signals: [any DispatchSourceSignal] = []

    /// - Parameters:
    ///   - name: the process id is appended.
    ///   - endsOnSignals: Ctrl-C ends the process at once; if not, it is the command's to hear.
    init(
        _ name: String, below directory: String, endsOnSignals: Bool = true
    ) throws(Failure) {
        let path = directory + "/\(name)-\(getpid())"
        self.path = path
        signals = (endsOnSignals ? [SIGINT, SIGTERM] : []).map { number in
            signal(number, SIG_IGN)
            let source = DispatchSource.makeSignalSource(signal: number, queue: .global())
            source.setEventHandler { [interruption] in
                interruption.hasBegun.store(true, ordering: .releasing)
                Self.remove(path)
                _exit(Failure.Code.interrupted.rawValue)
            }
            source.resume()
            return source
        }
        do {
            try FileManager.default.createDirectory(
                atPath: path, withIntermediateDirectories: true,
                attributes: [.posixPermissions: 0o700])
        } catch {
            throw Failure(
                .environment, "\(path): cannot be made (\(error)); name another --directory")
        }
    }

    deinit {
        // The command may fail because its folder is being taken away: that is no failure to tell of.
        while interruption.hasBegun.load(ordering: .acquiring) { pause() }
        for signal in signals { signal.cancel() }
        Self.remove(path)
    }

    /// Renamed first, so that whoever still works in it makes no new files where they would be left; then
    /// again until nothing is there, because what is being written may still appear.
    static func remove(_ path: String) {
        let leaving = path + ".leaving"
        let files = FileManager.default
        try? files.moveItem(atPath: path, toPath: leaving)
        for _ in 0..<attempts {
            try? files.removeItem(atPath: leaving)
            try? files.removeItem(atPath: path)
            if !files.fileExists(atPath: leaving), !files.fileExists(atPath: path) { return }
            usleep(10_000)
        }
    }

    private static let attempts = 100
}
