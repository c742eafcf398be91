internal import ArgumentParser
internal import Measure
internal import Replay

/// Who accounts for every message, and what the broker is put through.
struct LedgerOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "Keep the record of every message in this file, which must not be there. It is about 60 bytes a "
                + "message. Default: kept during the run.", valueName: "file"))
    var ledger: String?
    @Flag(help: "Do not account for single messages.") var noLedger = false
    @Option(
        help: ArgumentHelp(
            "Run the broker as a process of its own, kill it after so long, start it again, and account for "
                + "every message.", valueName: "time"))
    var crashAt: TimeArgument?
    @Option(
        name: .customLong("promise"),
        help: ArgumentHelp(
            "What a broker that --target names is held to: mqtt (no bound on queues), mosquitto (2.0 as it "
                + "is configured by Debian).", valueName: "name"))
    var promised: Promised?
    @Option(help: "Messages that the target keeps for one session, at most.")
    var queueLimit: Int?

    enum Promised: String, ExpressibleByArgument, CaseIterable { case mqtt, mosquitto }

    func validate() throws {
        if noLedger, ledger != nil || crashAt != nil {
            throw ValidationError("--no-ledger contradicts --ledger and --crash-at")
        }
        if let queueLimit, queueLimit < 0 { throw ValidationError("--queue-limit wants 0 or more") }
    }

    /// Nil: nobody accounts for single messages.
    var place: ReplaySession.LedgerPlace? {
        noLedger ? nil : ledger.map { .file($0) } ?? .scratch
    }

    /// Of a broker in another process.
    var promise: Promise {
        var promise: Promise =
            switch promised {
            case .mosquitto: .mosquitto
            case .mqtt, nil: .mqtt
            }
        if let queueLimit {
            (promise.queueOfDurable, promise.queueOfOthers) = (queueLimit, queueLimit)
        }
        return promise
    }
}
