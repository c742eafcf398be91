internal import Measure
internal import Replay
internal import Trial

extension ReplaySession {
    /// The same traffic over the same broker within this process and, by TCP on loopback, in one of its own. The CPU of
    /// the modelled broker is burned beside neither, for it is burned in this process only.
    /// - Returns: nil if it was interrupted.
    func compare(rounds: Int) throws(Failure) -> ParityReport? {
        guard case .inProcess(var inside) = broker else {
            preconditionFailure("only a broker of our own can be had both ways")
        }
        inside.brokerCPU = .zero
        let broker = inside
        do throws(ReplayError) {
            return try ParityRun(rounds: rounds).run(
                { way throws(ReplayError) in
                    try run(
                        Pace(speed: traffic.speed),
                        over: way == .tcp ? .child(broker, killedAfter: nil) : .inProcess(broker),
                        telling: lines.tell)
                }, stopIf: interruption)
        } catch { throw failure(error) }
    }
}
