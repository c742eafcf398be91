internal import Dispatch
internal import Glibc
internal import Synchronization

/// Turned on by Ctrl-C or a request to end, for work that looks at it between its steps.
final class StopSwitch: Sendable {
    private let on = Atomic(false)
    /// What a second request does: whoever asks twice does not want to wait for the work to be finished.
    private let insist: (@Sendable () -> Void)?

    init(insist: (@Sendable () -> Void)? = nil) { self.insist = insist }

    var isOn: Bool { on.load(ordering: .relaxed) }

    /// - Returns: what has to be cancelled when the work is done.
    func turn(onSignal number: Int32) -> any DispatchSourceSignal {
        signal(number, SIG_IGN)
        let source = DispatchSource.makeSignalSource(signal: number, queue: .global())
        source.setEventHandler { [self] in
            if on.exchange(true, ordering: .relaxed) { insist?() }
        }
        source.resume()
        return source
    }
}
