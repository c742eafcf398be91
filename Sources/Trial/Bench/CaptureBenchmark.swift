internal import Foundation
internal import Measure
internal import Traffic

/// How fast captures are decoded, beside tshark, which decodes them too, and beside libpcap, which only
/// reads them. All take the same file, one after the other, several times.
package struct CaptureBenchmark {
    package struct Row: Codable, Sendable {
        package let frames: Int
        package let packets: Int
        /// Of the plain file.
        package let bytes: Int
        package let pairs: Int
        /// The whole of `dstune inspect`, from its start to its end.
        package let inspect_s: Double
        /// Inside this process, the file again and again.
        package let decode_bytes_per_s: Double
        /// nil if there is no tshark.
        package let tshark_s: Double?
        package let tshark_bytes_per_s: Double?
        package let inspect_times_tshark: Double?
        /// Of each pair of runs, in order.
        package let inspect_times_tshark_pairs: [Double]
        package let decode_times_tshark: Double?
        package let decode_times_tshark_pairs: [Double]
        /// What read the file without decoding it; nil if there is nothing.
        package let reader: String?
        package let reader_s: Double?
        package let reader_bytes_per_s: Double?
        /// Decoding speed as a part of the speed of merely reading.
        package let decode_times_reader: Double?
        /// Heap bytes per packet, connections that come and go included.
        package let allocated_bytes_per_packet: Double
        /// The least heap bytes among stretches of `stretch` packets: 0 where no connection comes or goes.
        package let allocated_bytes_least: Int
        package let stretch_packets: Int
        package let optimised_build: Bool
    }

    private static let stretch = 200
    private let capture: String
    private let pairs: Int
    private let repeats: Int
    private let inspect: [String]
    private let readers: [(name: String, arguments: [String])]

    /// - Parameters:
    ///   - capture: a plain pcap file.
    ///   - pairs: how often each is run; medians are compared.
    ///   - repeats: how often the file is decoded in one run inside the process.
    ///   - executable: this tool.
    ///   - pcapReader: a program that reads a file with libpcap and does nothing else, if it was built.
    package init(
        capture: String, pairs: Int, repeats: Int, executable: String, pcapReader: String
    ) {
        (self.capture, self.pairs, self.repeats) = (capture, pairs, repeats)
        inspect = [executable, "inspect", capture, "--format", "json"]
        readers = [
            ("libpcap, \(pcapReader)", [pcapReader, capture]),
            ("tcpdump -w /dev/null", ["tcpdump", "-r", capture, "-w", "/dev/null"]),
        ]
    }

    private var tshark: [String] {
        ["tshark", "-r", capture, "-Y", "mqtt", "-T", "fields", "-e", "mqtt.msgtype"]
    }

    /// - Parameter progress: called with one line before each pair.
    package func run(progress: (String) -> Void) throws -> Row {
        let reader = readers.first { ChildRun.exists($0.arguments[0]) }
        let hasTshark = ChildRun.exists("tshark")
        var (whole, other, merely, inside): ([Double], [Double], [Double], [Double]) = (
            [], [], [], []
        )
        // Once before, so that the first run does not read from the disk.
        var count = try DecodingCount(captures: [capture])
        for pair in 1...pairs {
            progress("pair \(pair) of \(pairs)")
            whole.append(try seconds(inspect))
            if hasTshark { other.append(try seconds(tshark)) }
            if let reader { merely.append(try seconds(reader.arguments)) }
            let began = MonotonicTime.now()
            for _ in 0..<repeats { count = try DecodingCount(captures: [capture]) }
            inside.append((MonotonicTime.now() - began).seconds / Double(repeats))
        }
        let (average, least) = try allocated()
        let bytes = Double(count.bytes)
        func rate(_ times: [Double]) -> Double? { median(times).map { bytes / $0 } }
        let wholeRatios = zip(other, whole).map { $0 / $1 }
        let insideRatios = zip(other, inside).map { $0 / $1 }
        return Row(
            frames: count.frames, packets: count.packets, bytes: count.bytes, pairs: pairs,
            inspect_s: median(whole) ?? 0, decode_bytes_per_s: rate(inside) ?? 0,
            tshark_s: median(other), tshark_bytes_per_s: rate(other),
            inspect_times_tshark: median(wholeRatios), inspect_times_tshark_pairs: wholeRatios,
            decode_times_tshark: median(insideRatios), decode_times_tshark_pairs: insideRatios,
            reader: reader?.name, reader_s: median(merely), reader_bytes_per_s: rate(merely),
            decode_times_reader: median(zip(merely, inside).map { $0 / $1 }),
            allocated_bytes_per_packet: average, allocated_bytes_least: least,
            stretch_packets: Self.stretch, optimised_build: isOptimisedBuild)
    }

    private func median(_ values: [Double]) -> Double? {
        values.isEmpty ? nil : quantile(values, 0.5)
    }

    private func seconds(_ arguments: [String]) throws(TrialError) -> Double {
        let run = try ChildRun.run(arguments)
        guard run.code == 0 else {
            throw .environment(
                "\(arguments.joined(separator: " ")) failed with code \(run.code); run it by hand")
        }
        return run.seconds
    }

    /// Heap bytes while the file is decoded: per packet, and the least in any stretch of packets.
    private func allocated() throws(CaptureError) -> (perPacket: Double, least: Int) {
        final class Marks { var bytes: [UInt64] = [] }
        let marks = Marks()
        marks.bytes.reserveCapacity(1 << 20)
        let count = try DecodingCount(captures: [capture], every: Self.stretch) {
            marks.bytes.append(Allocator.allocatedByThisThread)
        }
        let steps = zip(marks.bytes.dropFirst(), marks.bytes).map { $0 - $1 }
        let packets = max(1, steps.count * Self.stretch)
        precondition(count.packets >= steps.count * Self.stretch)
        return (
            Double(steps.reduce(0, +)) / Double(packets), steps.min().map { Int($0) } ?? 0
        )
    }
}
