internal import ArgumentParser
internal import Foundation
internal import Knobs
internal import Server
internal import Storage

/// `dstune serve`.
struct ServeCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "serve",
        abstract: "Runs the broker on sockets.",
        discussion: """
              dstune serve --data broker-data
              dstune serve --data broker-data --listen 127.0.0.1:1884
            """)

    @Option(help: "Where messages and sessions are kept; made if it is not there.")
    var data: String
    @Option(help: "Address and port.")
    var listen = "127.0.0.1:1883"

    func run() async throws {
        guard let colon = listen.lastIndex(of: ":"),
            let port = Int(listen[listen.index(after: colon)...])
        else { throw ValidationError("--listen wants ADDRESS:PORT") }
        var configuration = ServerConfiguration(
            dataDirectory: data, storage: StoreOptions(engine: .emqx58Local, setting: Setting()))
        configuration.listeners[0].endpoint = ServerConfiguration.Endpoint(
            host: String(listen[..<colon]), port: port)
        let server: BrokerServer
        do throws(ServerError) { server = try await BrokerServer(configuration) } catch {
            throw Failure(.environment, error.description)
        }
        print("listening on \(listen)")
        signal(SIGINT, SIG_IGN)
        let interrupts = DispatchSource.makeSignalSource(signal: SIGINT)
        await withCheckedContinuation { done in
            interrupts.setEventHandler { done.resume() }
            interrupts.resume()
        }
        await server.stop()
    }
}
