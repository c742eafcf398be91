internal import ArgumentParser
internal import Traffic

struct InspectCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "inspect",
        abstract: "Say what captures hold, what they are worth, and what a broker would write.",
        discussion: """
            Captures are pcap or pcapng, also compressed with gzip or zstd. Name one,
            several that belong together, the folder that tcpdump rotates them in, or
            - for standard input; they are read as one, in the order of their times.

              dstune inspect sensors.pcap
              dstune inspect monday.pcap.gz tuesday.pcap.gz --format json
              dstune inspect /var/captures
              ssh broker tcpdump -U -w - port 1883 | dstune inspect -
              dstune inspect sensors.pcap --emqx 6.1.1 --config /etc/emqx/emqx.conf
              dstune inspect sensors.pcap --strict --redact

            Beside the counts it prints a profile of the traffic (rate, bursts, sizes,
            topics, sessions, absences), what topics are for and which QoS they should
            have, findings (habits that cost storage or lose messages), and a forecast:
            what a broker would write at this rate, when its memtables are flushed and
            compacted, and whether any setting can matter.

            Subscriptions made before the capture began are not in it, although their
            sessions are. They are inferred from what resumed sessions were delivered,
            or read from a file:

              curl -su KEY:SECRET \\
                'http://localhost:18083/api/v5/subscriptions?limit=10000' > subs.json
              dstune inspect sensors.pcap --subscriptions subs.json

            The file may also hold one subscription a line: client id, topic filter
            and QoS, with tabs between them.

            Traces (.dstrace) and lines of JSON, which `dstune convert` makes, are read
            like captures, but not together with them, since a connection that is in
            both would count twice: make a trace of the captures first.

            It exits with 0 when it could decode. With --strict it exits with 1 if any
            finding is a warning or an error; those marked info never count.
            """)

    @Argument(help: "Captures, folders of captures, or - for standard input.") var captures:
        [String]
    @OptionGroup var reading: ReadingArguments
    @Option(help: "Subscriptions that were made before the capture began: a file.")
    var subscriptions: String?
    @OptionGroup(title: "The forecast") var terms: ForecastOptions
    @Flag(help: "Exit with 1 if there are warnings or errors among the findings.")
    var strict = false
    @Flag(help: "Leave out client identifiers, topics and topic filters.") var redact = false
    @Option(help: "text or json.") var format = OutputFormat.text

    func run() throws {
        let terms = try terms.load()
        var options = reading.options
        if let subscriptions { options.subscriptions = try loadSubscriptions(subscriptions) }
        var inspection: Inspection
        do throws(CaptureError) {
            inspection = try Inspection(captures: captures, options: options, terms: terms)
        } catch { throw Failure(.badInput, error.description) }
        if redact { inspection = inspection.redacted }
        switch format {
        case .text: print(inspection.text())
        case .json: try print(json: inspection)
        }
        if strict, inspection.hasFindings { throw ExitCode(Failure.Code.answerIsNo.rawValue) }
    }
}

/// Reads a file of subscriptions; whatever is wrong with it is bad input.
func loadSubscriptions(_ path: String) throws(Failure) -> GivenSubscriptions {
    do throws(SubscriptionsError) { return try GivenSubscriptions(contentsOf: path) } catch {
        throw Failure(.badInput, error.description)
    }
}
