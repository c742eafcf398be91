internal import Measure
package import Replay

/// Who accounts for every message of a replay, and by what its broker is judged.
package final class ReplayWitness {
    package let ledger: Ledger
    private let promise: Promise
    /// Kills the broker on the way; nil if nobody does.
    package let crash: BrokerCrash?

    /// Nothing has come for so long: nothing more waits for a session. A broker that was killed reads its sessions
    /// back, and engines like EMQX's look for what to repeat now and then only.
    private var quiet: Nanoseconds { crash == nil ? .seconds(1) : .seconds(2) }

    package init(_ ledger: Ledger, _ promise: Promise, crash: BrokerCrash? = nil) {
        (self.ledger, self.promise, self.crash) = (ledger, promise, crash)
    }

    /// Why the replay cannot go on, if so; also kills the broker when it is time.
    func reasonToStop(at now: MonotonicTime) -> String? {
        ledger.failure.map { "\($0)" } ?? crash?.look(at: now)
    }

    /// Takes what waits for sessions that are away, says what became of every message, and writes nothing more.
    /// - Parameter deadline: for what waits.
    func judge(
        _ transport: WitnessedTransport, measured window: Range<MonotonicTime>,
        until deadline: MonotonicTime
    ) throws(ReplayError) -> Verification {
        var collector = Collector(transport)
        collector.run(quiet: quiet, until: deadline)
        ledger.close(at: .now())
        if let failure = ledger.failure { throw .environment("\(failure)") }
        var options = Verifier.Options()
        options.window = window
        do throws(LedgerError) {
            return try Verifier(ledger.path, promise, options).run()
        } catch { throw .environment("\(error)") }
    }
}
