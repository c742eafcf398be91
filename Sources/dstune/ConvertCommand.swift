internal import ArgumentParser
internal import Foundation
internal import Traffic

struct ConvertCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "convert",
        abstract: "Make traces, lines of JSON and captures of each other, or of a part.",
        discussion: """
            Reads what inspect reads: captures (pcap, pcapng; also gzip, zstd),
            traces (.dstrace), lines of JSON (.jsonl, one packet a line), folders of
            them, and - for standard input. Writes a trace, lines of JSON, or a capture
            of pcapng with the frames that would have carried the packets. A trace is
            smaller than the capture, holds no password, has an index by time and
            client, and every command reads it like the capture. Captures are not read
            together with traces and lines, since a connection that is in both would
            count twice: make a trace of the captures first, and name that.

              dstune convert monday.pcap.gz tuesday.pcap.gz --output week.dstrace
              dstune convert week.dstrace --from 30s --to-time 2m --output cut.dstrace
              dstune convert week.dstrace --client 'gateway-*' --output gateways.dstrace
              dstune convert week.dstrace --topic 'site/+/alert' --output alerts.dstrace
              dstune convert week.dstrace --to jsonl --output - | head
              dstune convert broker.log.jsonl --output log.dstrace
              dstune convert week.dstrace --output week.pcapng
              dstune convert week.dstrace --anonymize --output for-others.dstrace

            --from and --to-time take ISO 8601 (2026-01-31T12:00:00Z; UTC without a
            zone) or a time after the first packet (250ms, 30s, 1.5m, 2h, 1d): packets
            from the one on, and before the other. --client takes client identifiers,
            exact or with * and ?. --topic takes MQTT filters and keeps the PUBLISHes
            they mean, with their acknowledgements, and of every session what it needs
            to make sense: CONNECT, subscriptions, pings. What is given more than once
            adds up.

            Of a connection that began before --from, the CONNECT is not in the part:
            it counts as a connection without one, as in a capture begun then.

            --anonymize replaces client identifiers, user names, topic levels and the
            values of user properties by keyed hashes of the same length, payloads by
            bytes that compress as well, and addresses. The topic tree keeps its shape
            and what would be stored keeps its size. The key is random and thrown away;
            with --key-file several files get the same names.

            The output appears under its name when it is whole, readable for its owner
            only. Lines of JSON are described in the documentation of Traffic
            (JSONLines): {"time":1767225600,"client":"a","type":"PUBLISH",
            "topic":"site/1","qos":1,"payload":"21.5"} is one that is enough.
            """)

    @Argument(help: "Captures, traces, lines of JSON, folders, or - for standard input.")
    var inputs: [String]
    @OptionGroup var reading: ReadingArguments
    @Option(name: .shortAndLong, help: "Where to write; - for standard output.") var output: String
    @Option(help: "dstrace, jsonl or pcapng; otherwise by the name of the output.") var to: Target?
    @Option(help: "Packets from this time on.") var from: Moment?
    @Option(help: "Packets before this time.") var toTime: Moment?
    @Option(help: "Packets of these clients.") var client: [String] = []
    @Option(help: "PUBLISHes that these filters mean.") var topic: [String] = []
    @Flag(help: "Replace everything that says whose traffic it is.") var anonymize = false
    @Option(help: "A file with a secret of 16 bytes or more, e.g. of `openssl rand -hex 32`.")
    var keyFile: String?

    enum Target: String, ExpressibleByArgument, CaseIterable { case dstrace, jsonl, pcapng }

    struct Moment: ExpressibleByArgument {
        let value: EventSelection.Moment

        init?(argument: String) {
            guard let value = EventSelection.Moment(argument) else { return nil }
            self.value = value
        }
    }

    func validate() throws {
        if keyFile != nil, !anonymize { throw ValidationError("--key-file is for --anonymize") }
    }

    func run() throws {
        var conversion = Conversion(to: try format())
        conversion.selection.from = from?.value
        conversion.selection.to = toTime?.value
        conversion.selection.clients = client
        for filter in topic {
            do throws(BadFilter) { try conversion.selection.add(topic: filter) } catch {
                throw Failure(.badInput, "--topic \(filter): \(error.why)")
            }
        }
        conversion.reading = reading.options
        if anonymize { conversion.key = try key() }
        let file: OutputFile
        do throws(WriteError) { file = try OutputFile.named(output) } catch { throw failure(error) }
        let removal = RemovalOnSignal(of: file.temporaryPath)
        defer { removal.end() }
        let progress = ConversionDisplay()
        let outcome: Conversion.Outcome
        do throws(ConversionError) {
            outcome = try conversion.run(inputs, to: file, progress: progress.show)
        } catch {
            progress.end()
            switch error {
            case .reading(let error): throw Failure(.badInput, error.description)
            // Who reads the output has seen enough.
            case .writing(let error) where error.isBrokenPipe && output == "-": return
            case .writing(let error): throw failure(error)
            }
        }
        progress.end()
        if outcome.packets == 0, !conversion.selection.isEverything {
            warn("nothing of it is in the part that was asked for: the output holds no packet")
        }
    }

    private func format() throws(Failure) -> ConversionFormat {
        if let to, let format = ConversionFormat(rawValue: to.rawValue) { return format }
        if let format = ConversionFormat(path: output) { return format }
        throw Failure(
            .badInput,
            "\(output): its name does not say what to write; add --to dstrace, jsonl or pcapng")
    }

    private func key() throws(Failure) -> AnonymisationKey {
        guard let keyFile else { return AnonymisationKey() }
        guard let secret = FileManager.default.contents(atPath: keyFile) else {
            throw Failure(
                .badInput, "\(keyFile): cannot be read; check the name and the permissions")
        }
        guard let key = AnonymisationKey(secret: Array(secret)) else {
            throw Failure(
                .badInput,
                "\(keyFile): holds \(secret.count) bytes and a secret has at least \(AnonymisationKey.shortest); "
                    + "make one with `openssl rand -hex 32`")
        }
        return key
    }

    private func failure(_ error: WriteError) -> Failure {
        Failure(.environment, error.description)
    }
}

/// Tells on a terminal how far a conversion is, at most once a second.
private final class ConversionDisplay {
    private let isTerminal = isatty(STDERR_FILENO) != 0
    private var shownAt = Date.distantPast
    private var hasShown = false

    func show(_ progress: ConversionProgress) {
        guard isTerminal, Date.now.timeIntervalSince(shownAt) >= 1 else { return }
        shownAt = .now
        hasShown = true
        let seconds = Double(progress.span) * 1e-9
        let span = String(format: "%.0f s", seconds)
        FileHandle.standardError.write(
            Data("\r\(progress.packets) packets, \(span) of traffic\u{1B}[K".utf8))
    }

    func end() {
        if hasShown { FileHandle.standardError.write(Data("\r\u{1B}[K".utf8)) }
    }
}

/// Removes a file that is not whole when the command is interrupted.
private final class RemovalOnSignal {
    private var sources: [any DispatchSourceSignal] = []

    init(of path: String?) {
        guard let path else { return }
        sources = [SIGINT, SIGTERM].map { number in
            signal(number, SIG_IGN)
            let source = DispatchSource.makeSignalSource(signal: number, queue: .global())
            source.setEventHandler {
                unlink(path)
                _exit(Failure.Code.interrupted.rawValue)
            }
            source.resume()
            return source
        }
    }

    func end() { for source in sources { source.cancel() } }
}
