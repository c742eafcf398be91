internal import ArgumentParser
internal import Foundation
internal import Measure
internal import Replay

/// A broker in another process, and how it is spoken to.
struct TargetOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "Send it to this broker in place of the one in this process.",
            valueName: "mqtt[s]://host[:port]"))
    var target: String?
    @Flag(
        name: .customLong("i-own-this-target"),
        help: "Also if it is not on this machine: a replay at speed is an attack on a broker.")
    var ownsTarget = false
    @Option(help: "Connections and packets in any one second, at most.")
    var rateCap: Int?
    @Option(
        help: ArgumentHelp(
            "Lines user:password, mode 0600. Else DSTUNE_MQTT_USERNAME and DSTUNE_MQTT_PASSWORD.",
            valueName: "file"))
    var credentials: String?
    @Option(help: ArgumentHelp("Who may have signed its certificate (PEM).", valueName: "file"))
    var ca: String?
    @Flag(help: "Do not check its certificate.") var insecure = false
    @Option(help: ArgumentHelp("The certificate to show it (PEM).", valueName: "file"))
    var certificate: String?
    @Option(help: ArgumentHelp("Its key, if it is not in the same file (PEM).", valueName: "file"))
    var key: String?

    func validate() throws {
        if let rateCap, rateCap < 1 { throw ValidationError("--rate-cap wants 1 or more") }
        guard target == nil else { return }
        let given = [
            ("--i-own-this-target", ownsTarget), ("--rate-cap", rateCap != nil),
            ("--credentials", credentials != nil), ("--ca", ca != nil), ("--insecure", insecure),
            ("--certificate", certificate != nil), ("--key", key != nil),
        ]
        if let (name, _) = given.first(where: \.1) {
            throw ValidationError("\(name) is about a broker that --target names")
        }
    }

    /// The broker that is meant, resolved and allowed; nil if it is the one in this process.
    func resolved() throws(Failure) -> ResolvedTarget? {
        guard let target else { return nil }
        do throws(TargetError) {
            return try Target(parsing: target).resolved(isOwned: ownsTarget)
        } catch { throw Failure(error.isEnvironment ? .environment : .badInput, "\(error)") }
    }

    func options() throws(Failure) -> SocketOptions {
        var options = SocketOptions()
        options.packetsPerSecond = rateCap
        options.tls.authorities = ca
        options.tls.isUnverified = insecure
        (options.tls.certificate, options.tls.key) = (certificate, key)
        do throws(TargetError) {
            try options.tls.check()
            options.credentials =
                try credentials.map { path throws(TargetError) in
                    try TargetCredentials(reading: path)
                } ?? TargetCredentials.of(environment: ProcessInfo.processInfo.environment)
        } catch { throw Failure(.badInput, "\(error)") }
        return options
    }
}
