internal import ArgumentParser
internal import Foundation
internal import Traffic
internal import Trial

struct BenchCapturesCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "captures", abstract: "How fast captures are decoded, and in how much memory.",
        discussion: """
            The whole of `dstune inspect`, decoding inside one process, tshark and
            merely reading the file with libpcap (or tcpdump) take the same plain
            pcap file in turn; medians and ratios are printed.

              dstune bench captures fleet.pcap.gz
              dstune bench captures fleet.pcap.gz --pairs 3 --format json

            With --memory, a recording of so many GB is fed to `dstune inspect -`:
            the capture many times at once, again and again.

              dstune bench captures fleet.pcap.gz --memory 10 --copies 340
            """)

    @Argument(help: "A capture.") var capture: String
    @Option(help: "How often each is run.") var pairs = 5
    @Option(help: "How often the file is decoded in one run inside the process.") var repeats = 20
    @Option(help: "A program that reads a capture with libpcap; `make bench` builds it.")
    var reader = ".build/pcapread"
    @Option(help: "Feed so many GB and print the most that was resident, instead of speeds.")
    var memory: Double?
    @Option(help: "With --memory: how often each connection is there at once.") var copies = 340
    @Option(help: "Where to write; a folder below it is made and removed.") var directory = "."
    @Option(help: "text or json.") var format = OutputFormat.text

    func validate() throws {
        guard pairs >= 1, repeats >= 1, 1...0xFFFF ~= copies, memory ?? 1 > 0 else {
            throw ValidationError("--pairs, --repeats, --copies and --memory want 1 or more")
        }
    }

    private var executable: String { "/proc/self/exe" }

    func run() throws {
        do {
            if let memory { try measureMemory(memory) } else { try measureSpeed() }
        } catch let error as CaptureError { throw Failure(.badInput, error.description) }
    }

    private func measureSpeed() throws {
        let bytes = try DecodingCount.decompressed(capture)
        try withBenchmarkScratch(in: directory) { scratch in
            let plain = scratch + "/plain.pcap"
            try Data(bytes).write(to: URL(fileURLWithPath: plain))
            let row = try CaptureBenchmark(
                capture: plain, pairs: pairs, repeats: repeats, executable: try itself(),
                pcapReader: reader
            ).run(progress: progress)
            switch format {
            case .json: try print(json: row)
            case .text: print(text(row))
            }
            warnOfDebugBuild(row.optimised_build)
        }
    }

    /// Children must not take `/proc/self/exe` for themselves.
    private func itself() throws -> String {
        try FileManager.default.destinationOfSymbolicLink(atPath: executable)
    }

    private func measureMemory(_ gigabytes: Double) throws {
        let row: CaptureMemoryBenchmark.Row
        do {
            row = try CaptureMemoryBenchmark(
                capture: capture, bytes: Int(gigabytes * 1e9), copies: copies,
                executable: try itself()
            ).run(progress: progress)
        } catch let error as TrialError { throw Failure(.environment, error.description) }
        switch format {
        case .json: try print(json: row)
        case .text:
            print(
                """
                fed      \(megabytes(row.fed_bytes)) in \(row.rounds) rounds of \(row.copies) copies at once
                resident \(megabytes(row.peak_resident_bytes)) at the most
                took     \(String(format: "%.1f", row.seconds)) s
                """)
        }
        warnOfDebugBuild(row.optimised_build)
    }

    private func text(_ row: CaptureBenchmark.Row) -> String {
        var lines = [
            "file             \(megabytes(row.bytes)), \(row.frames) frames, \(row.packets) MQTT packets",
            "dstune inspect   \(milliseconds(row.inspect_s)), \(rate(Double(row.bytes) / row.inspect_s))",
            "decoding alone   \(rate(row.decode_bytes_per_s))",
        ]
        if let tshark = row.tshark_s, let speed = row.tshark_bytes_per_s,
            let whole = row.inspect_times_tshark, let inside = row.decode_times_tshark
        {
            lines += [
                "tshark           \(milliseconds(tshark)), \(rate(speed))",
                "inspect          \(times(whole)) as fast as tshark (pairs: \(list(row.inspect_times_tshark_pairs)))",
                "decoding alone   \(times(inside)) as fast as tshark (pairs: \(list(row.decode_times_tshark_pairs)))",
            ]
        } else {
            lines.append("tshark           not installed")
        }
        if let reader = row.reader, let time = row.reader_s, let speed = row.reader_bytes_per_s,
            let ratio = row.decode_times_reader
        {
            lines += [
                "merely reading   \(milliseconds(time)), \(rate(speed)) (\(reader))",
                "decoding alone   \(times(ratio)) as fast as merely reading",
            ]
        }
        lines.append(
            "allocated        \(String(format: "%.2f", row.allocated_bytes_per_packet)) bytes per packet, \(row.allocated_bytes_least) in the quietest \(row.stretch_packets) packets"
        )
        return lines.joined(separator: "\n")
    }

    private func megabytes(_ bytes: Int) -> String {
        String(format: "%.1f MB", Double(bytes) * 1e-6)
    }
    private func milliseconds(_ seconds: Double) -> String {
        String(format: "%.1f ms", seconds * 1e3)
    }
    private func rate(_ bytes: Double) -> String { String(format: "%.0f MB/s", bytes * 1e-6) }
    private func times(_ ratio: Double) -> String { String(format: "%.1f times", ratio) }
    private func list(_ ratios: [Double]) -> String {
        ratios.map { String(format: "%.1f", $0) }.joined(separator: ", ")
    }
}
