internal import Dispatch
internal import Glibc
internal import Synchronization

/// Turned on by Ctrl-C or a request to end, for work that looks at it between its steps.
final class StopSwitch: Sendable {
    private let on = Atomic(false)

    var isOn: Bool { on.load(ordering: .relaxed) }

    /// - Returns: what has to be cancelled when the work is done.
    func turn(onSignal number: Int32) -> any DispatchSourceSignal {
        signal(number, SIG_IGN)
        let source = DispatchSource.makeSignalSource(signal: number, queue: .global())
        source.setEventHandler { self.on.store(true, ordering: .relaxed) }
        source.resume()
        return source
    }
}
