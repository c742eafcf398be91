internal import Foundation
package import Measure

/// Latencies over time in HdrHistogram's log format, version 1.3: a line an interval and kind, each with the whole
/// histogram of that interval in nanoseconds, so that other tools can add intervals up and plot them.
///
/// `hdrhistogram` for Python, HistogramLogAnalyzer and HistogramLogProcessor read it.
package final class LatencyLog {
    private let path: String
    private let file: FileHandle
    private let start: MonotonicTime

    /// Makes a file that only its owner can read, in place of one that is there.
    /// - Parameters:
    ///   - start: what the times of intervals count from.
    ///   - wallClock: milliseconds since the epoch at `start`.
    /// - Throws: why it cannot be made, with its path.
    package init(
        _ path: String, from start: MonotonicTime, wallClock: UInt64, of what: String
    ) throws(LatencyLogError) {
        let isMade = FileManager.default.createFile(
            atPath: path, contents: nil, attributes: [.posixPermissions: 0o600])
        guard isMade, let file = FileHandle(forWritingAtPath: path) else {
            throw LatencyLogError(path: path, why: String(cString: strerror(errno)))
        }
        self.path = path
        self.file = file
        self.start = start
        let seconds = String(format: "%.3f", Double(wallClock) / 1_000)
        try write(
            """
            #[\(what); nanoseconds]
            #[Histogram log format version 1.3]
            #[StartTime: \(seconds) (seconds since epoch)]
            #[BaseTime: \(seconds) (seconds since epoch)]
            "StartTimestamp","Interval_Length","Interval_Max","Interval_Compressed_Histogram"

            """)
    }

    /// Writes what was recorded from `began` to `ended`; kinds without samples are left out.
    package func append(
        _ kinds: [(name: String, latencies: LatencyHistogram)], from began: MonotonicTime,
        to ended: MonotonicTime
    ) throws(LatencyLogError) {
        let text = kinds.filter { $0.latencies.count > 0 }.map {
            Self.line(
                $0.name, $0.latencies, at: began - start, length: ended - began)
        }.joined()
        try write(text)
    }

    package func append(
        _ latencies: Latencies, from began: MonotonicTime, to ended: MonotonicTime
    ) throws(LatencyLogError) {
        try append(
            Latencies.kinds.map { ($0.name, latencies[keyPath: $0.values]) }, from: began,
            to: ended)
    }

    /// The largest value is told in milliseconds, as the format has it for nanoseconds.
    static func line(
        _ tag: String, _ histogram: LatencyHistogram, at offset: Nanoseconds, length: Nanoseconds
    ) -> String {
        String(
            format: "Tag=%@,%.3f,%.3f,%.3f,%@\n", tag, offset.seconds, length.seconds,
            (histogram.maximum ?? .zero).seconds * 1e3, HistogramEncoding.base64(histogram))
    }

    private func write(_ text: String) throws(LatencyLogError) {
        do { try file.write(contentsOf: Data(text.utf8)) } catch {
            throw LatencyLogError(path: path, why: "\(error)")
        }
    }
}

/// Why a log could not be written.
package struct LatencyLogError: Error, CustomStringConvertible {
    let path: String
    let why: String

    package var description: String {
        "\(path): latencies cannot be written there (\(why)); name another place"
    }
}
