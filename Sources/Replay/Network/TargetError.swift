/// Why nothing can be sent to a target. Each says what to do.
package enum TargetError: Error, Equatable, Sendable {
    case notATarget(String)
    case holdsCredentials
    /// It was resolved, and these of its addresses are not of this machine.
    case notLoopback(Target, addresses: [String])
    case unresolved(Target, why: String)
    /// A file of certificates, keys or passwords.
    case file(String, why: String)

    /// Whether the environment is at fault and not what was asked for.
    package var isEnvironment: Bool {
        if case .unresolved = self { true } else { false }
    }
}

extension TargetError: CustomStringConvertible {
    package var description: String {
        switch self {
        case .notATarget(let text):
            "--target wants mqtt://HOST or mqtts://HOST, with a port if it is not 1883 or 8883 "
                + "(mqtt://127.0.0.1:1884, mqtts://[::1]:8883), not `\(text)`"
        case .holdsCredentials:
            "--target shows its words to everybody on this machine: leave user name and password out of it and "
                + "give them in DSTUNE_MQTT_USERNAME and DSTUNE_MQTT_PASSWORD, or with --credentials FILE"
        case .notLoopback(let target, let addresses):
            "\(target) is not this machine (\(addresses.joined(separator: ", "))), and a replay at speed is an "
                + "attack on a broker that others use: add --i-own-this-target if it is yours"
        case .unresolved(let target, let why):
            "\(target): the name cannot be resolved (\(why)); check it, or give an address"
        case .file(let path, let why): "\(path): \(why)"
        }
    }
}
