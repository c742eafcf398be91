internal import Foundation
package import HOCON
package import Knobs

/// What a broker of a replay's own is started with: a configuration for `dstune serve`.
package struct BrokerPlan: Sendable {
    /// The program that serves.
    package var executable = "/proc/self/exe"
    /// Where its data, its configuration and its log are kept; made if it is not there.
    package var directory: String
    /// Engine model by its name in the catalogue.
    package var engine: String
    /// As `dstune serve --acknowledge` and `--sync` have them; nil for the engine's own.
    package var acknowledge: String?
    package var sync: String?
    package var setting = Setting()
    /// Keys of the session layer beside the defaults, such as `("mqtt.max_mqueue_len", .number("0"))`.
    package var more: [(path: String, value: HOCONValue)] = []

    package init(directory: String, engine: String) {
        (self.directory, self.engine) = (directory, engine)
    }

    package var dataDirectory: String { directory + "/data" }
    var configurationFile: String { directory + "/broker.conf" }
    var logFile: String { directory + "/broker.log" }

    /// - Parameter port: of loopback; 0 takes a free one.
    func arguments(port: Int) -> [String] {
        [
            executable, "serve", "--config", configurationFile, "--data", dataDirectory,
            "--listen", "127.0.0.1:\(port)", "--admin", "none", "--allow-anonymous",
            "--parent", "\(getpid())",
        ]
    }

    /// Leaves the configuration in the directory.
    /// - Throws: `.environment` when it cannot be written.
    func write() throws(TrialError) {
        var document = setting.emqxStyleConf(header: ["What a replay runs its own broker with."])
        document.blank()
        document.open("durable_storage.messages")
        document.set("engine", .string(engine))
        if let acknowledge { document.set("acknowledge", .string(acknowledge)) }
        if let sync { document.set("sync", .string(sync)) }
        document.close()
        for (path, value) in more { document.set(path, value) }
        do {
            try FileManager.default.createDirectory(
                atPath: directory, withIntermediateDirectories: true,
                attributes: [.posixPermissions: 0o700])
            try document.rendered().write(
                toFile: configurationFile, atomically: true, encoding: .utf8)
        } catch {
            throw .environment(
                "\(directory): a broker cannot be set up there (\(error)); name a folder that may be written"
            )
        }
    }
}
