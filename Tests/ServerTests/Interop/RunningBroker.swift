import Knobs
import Server
import Storage
import TestSupport

/// A broker of a test's own on loopback, on ports that were free, with a directory that goes with it.
struct RunningBroker {
    let scratch: ScratchDirectory
    let server: BrokerServer

    var port: Int { server.ports[0] }

    /// - Parameter scratch: of a broker before, to start on its data.
    init(
        in scratch: ScratchDirectory = ScratchDirectory(),
        _ change: (inout ServerConfiguration) -> Void = { _ in }
    ) async throws {
        self.scratch = scratch
        var configuration = ServerConfiguration(
            dataDirectory: scratch("data"),
            storage: StoreOptions(engine: .emqx58Local, setting: Setting()))
        configuration.listeners[0].endpoint.port = 0
        configuration.access.allowsAnonymous = true
        configuration.admin = nil
        change(&configuration)
        server = try await BrokerServer(configuration)
    }
}
