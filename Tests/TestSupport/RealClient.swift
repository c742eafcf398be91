package import Foundation

/// MQTT clients by other hands that tests let loose on the broker. `make test` installs them; without it
/// they may be absent, and tests that need them are skipped and say so. Where CI is set they must be there.
package enum RealClient {
    /// Python with paho-mqtt and gmqtt, in an environment that `make test` makes.
    package static let python = Folder.package.appendingPathComponent(".build/clients/bin/python")
    package static let publisher = URL(fileURLWithPath: "/usr/bin/mosquitto_pub")
    package static let subscriber = URL(fileURLWithPath: "/usr/bin/mosquitto_sub")

    package static var hasPython: Bool { isThere(python) }
    package static var hasMosquitto: Bool { isThere(publisher) && isThere(subscriber) }

    /// In CI a missing client is a failure, not a reason to skip.
    private static func isThere(_ program: URL) -> Bool {
        ProcessInfo.processInfo.environment["CI"] == "true"
            || FileManager.default.isExecutableFile(atPath: program.path)
    }

    /// Runs a script of `Tests/ServerTests/Clients`.
    package static func run(
        _ script: String, _ arguments: String..., in directory: String
    ) async throws -> Command.Outcome {
        let path = Folder.package.appendingPathComponent("Tests/ServerTests/Clients/\(script).py")
        return try await wait {
            try Command.run(
                ["-B", path.path] + arguments, of: python, in: directory,
                environment: ["PYTHONDONTWRITEBYTECODE": "1"])
        }
    }

    /// Runs a program on a thread of its own: it blocks.
    package static func wait(
        _ body: @escaping @Sendable () throws -> Command.Outcome
    ) async throws -> Command.Outcome {
        try await withCheckedThrowingContinuation { done in
            Thread.detachNewThread { done.resume(with: Result { try body() }) }
        }
    }
}
