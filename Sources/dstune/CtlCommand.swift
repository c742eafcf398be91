internal import ArgumentParser
internal import Foundation
internal import Server

/// `dstune ctl`.
struct CtlCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "ctl",
        abstract: "Asks a running broker how it is.",
        discussion: """
            Over the broker's admin listener; nothing is changed.

              dstune ctl status
              dstune ctl ds info | grep -i stall
              dstune ctl sessions --limit 20
              dstune ctl sessions show pump-7
              dstune ctl broker metrics --format json
              dstune ctl ds info --admin 127.0.0.1:28083

            Exit codes: 0 answered; 1 there is no such session, or the broker is not
            ready (status); 2 bad usage; 3 no broker answers there.
            """,
        subcommands: [DS.self, Sessions.self, Broker.self, Status.self])

    struct DS: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "ds", abstract: "Of durable storage.", subcommands: [Info.self])

        struct Info: AsyncParsableCommand {
            static let configuration = CommandConfiguration(
                commandName: "info",
                abstract: "Shards, generations, sizes, level 0 and stalls.",
                discussion: """
                      dstune ctl ds info
                      dstune ctl ds info | grep -i stall
                      dstune ctl ds info --format json
                    """)

            @OptionGroup var options: CtlOptions

            func run() async throws {
                try await options.show(StorageInfo.self, "/api/v5/ds") { CtlText.storage($0) }
            }
        }
    }

    struct Sessions: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "sessions", abstract: "The sessions that are kept.",
            subcommands: [List.self, Show.self], defaultSubcommand: List.self)

        struct List: AsyncParsableCommand {
            static let configuration = CommandConfiguration(
                commandName: "list", abstract: "A page of them.",
                discussion: """
                      dstune ctl sessions
                      dstune ctl sessions --limit 1000 --from 1000
                    """)

            @OptionGroup var options: CtlOptions
            @Option(help: "How many at most, up to 1000.") var limit = 100
            @Option(help: "Where the page begins: what the page before said.") var from = 0

            func run() async throws {
                try await options.show(
                    SessionPage.self, "/api/v5/sessions",
                    query: [("limit", "\(limit)"), ("from", "\(from)")]
                ) { CtlText.sessions($0) }
            }
        }

        struct Show: AsyncParsableCommand {
            static let configuration = CommandConfiguration(
                commandName: "show", abstract: "One session with its subscriptions.",
                discussion: "  dstune ctl sessions show pump-7")

            @Argument(help: "The client id.") var clientID: String
            @OptionGroup var options: CtlOptions

            func run() async throws {
                try await options.show(
                    SessionDetail.self, "/api/v5/sessions", query: [("client_id", clientID)]
                ) { CtlText.session($0) }
            }
        }
    }

    struct Broker: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "broker", abstract: "Of the broker.", subcommands: [Metrics.self])

        struct Metrics: AsyncParsableCommand {
            static let configuration = CommandConfiguration(
                commandName: "metrics", abstract: "Every metric, one series a line.",
                discussion: "  dstune ctl broker metrics | grep emqx_messages")

            @OptionGroup var options: CtlOptions

            func run() async throws {
                try await options.show([MetricReading].self, "/api/v5/metrics") {
                    CtlText.metrics($0)
                }
            }
        }
    }

    struct Status: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "status", abstract: "Whether it is ready for clients.",
            discussion: "  dstune ctl status")

        @OptionGroup var options: CtlOptions

        func run() async throws {
            let status = try await options.show(BrokerStatus.self, "/api/v5/status") {
                CtlText.status($0)
            }
            if !status.isReady { throw ExitCode(Failure.Code.answerIsNo.rawValue) }
        }
    }
}

/// Whom to ask, and how to say it.
struct CtlOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "The broker's admin listener.", valueName: "url"))
    var admin = "http://127.0.0.1:18083"
    @Option(help: "text or json.") var format = OutputFormat.text

    /// Asks for `path` and prints the answer.
    @discardableResult
    func show<Document: Codable & Sendable>(
        _ type: Document.Type, _ path: String, query: [(name: String, value: String)] = [],
        _ text: (Document) -> String
    ) async throws(Failure) -> Document {
        guard let client = AdminClient(url: admin) else {
            throw Failure(
                .badInput,
                "--admin wants http://HOST:PORT, as http://127.0.0.1:18083, not `\(admin)`")
        }
        do {
            let document = try await client.document(type, path, query: query)
            if format == .json {
                let encoder = JSONEncoder()
                encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
                encoder.keyEncodingStrategy = .convertToSnakeCase
                print(String(decoding: try encoder.encode(document), as: UTF8.self))
            } else {
                print(text(document), terminator: "")
            }
            return document
        } catch let error as AdminClientError {
            let code: Failure.Code =
                switch error.status {
                case 404: .answerIsNo
                case 400: .badInput
                default: .environment
                }
            throw Failure(code, error.description)
        } catch { throw Failure(.environment, "\(error)") }
    }
}
