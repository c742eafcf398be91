internal import ArgumentParser
internal import Traffic

struct InspectCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "inspect", abstract: "Say what captures hold and what they are worth.",
        discussion: """
            Captures are pcap or pcapng, also compressed with gzip or zstd; name
            those of one recording oldest first.

              dstune inspect sensors.pcap
              dstune inspect monday.pcap.gz tuesday.pcap.gz --format json
            """)

    @Argument(help: "Capture files, oldest first.") var captures: [String]
    @Option(help: "text or json.") var format = OutputFormat.text

    func run() throws {
        let inspection: Inspection
        do throws(CaptureError) { inspection = try Inspection(captures: captures) } catch {
            throw Failure(.badInput, error.description)
        }
        switch format {
        case .text: print(inspection.text())
        case .json: try print(json: inspection)
        }
    }
}
